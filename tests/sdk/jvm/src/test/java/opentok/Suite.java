package opentok;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.opentok.MediaMode;
import com.opentok.OpenTok;
import com.opentok.SessionProperties;
import com.opentok.exception.OpenTokException;
import com.opentok.exception.RequestException;
import com.vonage.client.HttpConfig;
import com.vonage.client.VonageClient;
import com.vonage.client.video.VideoClient;
import com.vonage.client.video.VideoStream;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.function.Executable;
import suite.Emulator;

/** Each test has an application of its own, and the older SDK pointed at it. */
abstract class Suite {
    static final String SDK = "opentok-java";

    /** How the SDK reports that streams were added or removed: it waits for 200 (its pull request 248). */
    static final String DONE = "Response code: 204";

    Emulator.Application application;
    OpenTok opentok;

    @BeforeEach
    void connect(TestInfo test) {
        application = Emulator.application(SDK, test.getTestMethod().orElseThrow().getName());
        opentok = client(application.apiKey(), application.apiSecret());
    }

    @AfterEach
    void close() {
        opentok.close();
    }

    static OpenTok client(int apiKey, String apiSecret) {
        return new OpenTok.Builder(apiKey, apiSecret).apiUrl(Emulator.URL).build();
    }

    /** The same application through the newer SDK, which shows what this one cannot. */
    VideoClient video() {
        return VonageClient.builder()
                .applicationId(application.id())
                .privateKeyContents(application.privateKey())
                .httpConfig(HttpConfig.builder().videoBaseUri(Emulator.URL).build())
                .build()
                .getVideoClient();
    }

    static List<String> ids(List<VideoStream> streams) {
        return streams.stream().map(stream -> stream.getStreamId().toString()).toList();
    }

    /** A routed session in which `count` participants have a camera each. */
    String call(int count) throws OpenTokException {
        String sessionId = opentok.createSession(
                        new SessionProperties.Builder().mediaMode(MediaMode.ROUTED).build())
                .getSessionId();
        if (count > 0) {
            application.join(sessionId, count);
        }
        return sessionId;
    }

    /** Assert that the SDK reports a refusal, which it knows as a text only: `text` is in it. */
    static void refused(String text, Executable call) {
        RequestException error = assertThrows(RequestException.class, call);
        assertTrue(String.valueOf(error.getMessage()).contains(text), error.getMessage());
    }
}
