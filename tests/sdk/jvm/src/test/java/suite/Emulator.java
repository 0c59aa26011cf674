package suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;

/** The control API of the emulator at EMULATOR_URL: what a test needs and no SDK can do. */
public final class Emulator {
    public static final String URL = System.getenv("EMULATOR_URL");
    public static final String NOTHING = "00000000-0000-4000-8000-00000000dead";
    private static final Duration WAIT = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private Emulator() {}

    /** One application of the emulator, with what only the control API can do in it. */
    public record Application(String id, int apiKey, String apiSecret, String privateKey) {
        private String path() {
            return "applications/" + id;
        }

        /** Let `count` participants with a camera each join; return their connection ids. */
        public List<String> join(String sessionId, int count) {
            JsonNode joined = control("POST", session(sessionId) + "/participants", Map.of("count", count));
            return texts(joined.get("items"), "connectionId");
        }

        public List<String> connectionIds(String sessionId) {
            return texts(control("GET", session(sessionId) + "/participants", null).get("items"), "connectionId");
        }

        public List<String> streamIds(String sessionId) {
            return streams(sessionId).stream().map(stream -> stream.get("id").asText()).toList();
        }

        public List<String> muted(String sessionId) {
            return streams(sessionId).stream()
                    .filter(stream -> stream.get("muted").asBoolean())
                    .map(stream -> stream.get("id").asText())
                    .toList();
        }

        /** The signals sent by REST, each as `type: data`. */
        public List<String> signals(String sessionId) {
            return list(control("GET", session(sessionId) + "/signals", null).get("items")).stream()
                    .map(signal -> signal.get("type").asText() + ": " + signal.get("data").asText())
                    .toList();
        }

        /** The DTMF digits that the SIP call `callId` heard, one text for each time. */
        public List<String> digits(String callId) {
            return list(control("GET", path() + "/calls", null).get("items")).stream()
                    .filter(call -> call.get("id").asText().equals(callId))
                    .flatMap(call -> list(call.get("digits")).stream())
                    .map(JsonNode::asText)
                    .toList();
        }

        public void fault(String operation, String then) {
            control("POST", path() + "/faults", Map.of("when", Map.of("operation", operation), "then", then));
        }

        private List<JsonNode> streams(String sessionId) {
            return list(control("GET", session(sessionId), null).get("participants")).stream()
                    .flatMap(participant -> list(participant.get("streams")).stream())
                    .toList();
        }

        private String session(String sessionId) {
            return path() + "/sessions/" + sessionId;
        }
    }

    /** A new application; the journal of what is asked in it is found by its name, `<sdk>: <test>`. */
    public static Application application(String sdk, String test) {
        JsonNode made = control("POST", "applications", Map.of("name", sdk + ": " + test));
        return new Application(
                made.get("id").asText(),
                Integer.parseInt(made.get("apiKey").asText()),
                made.get("apiSecret").asText(),
                made.get("privateKey").asText());
    }

    /** Ask until `probe` answers true. */
    public static void eventually(String what, Callable<Boolean> probe) throws Exception {
        Instant deadline = Instant.now().plus(WAIT);
        while (!probe.call()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("not within " + WAIT + ": " + what);
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private static JsonNode control(String method, String path, Object body) {
        try {
            HttpRequest.BodyPublisher content = body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body));
            URI address = URI.create(URL + "/_emulator/" + path);
            HttpResponse<String> answer = HTTP.send(
                    HttpRequest.newBuilder(address).method(method, content).build(),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new AssertionError(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
            }
            return JSON.readTree(answer.body());
        } catch (IOException | InterruptedException error) {
            throw new AssertionError(error);
        }
    }

    private static List<JsonNode> list(JsonNode items) {
        return StreamSupport.stream(items.spliterator(), false).toList();
    }

    private static List<String> texts(JsonNode items, String field) {
        return list(items).stream().map(item -> item.get(field).asText()).toList();
    }
}
