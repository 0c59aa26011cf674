package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.vonage.client.HttpConfig;
import com.vonage.client.VonageClient;
import com.vonage.client.video.Role;
import com.vonage.client.video.TokenOptions;
import com.vonage.client.video.VideoClient;
import com.vonage.client.video.VideoResponseException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.function.Executable;
import suite.Emulator;

/** Each test has an application of its own, and the SDK pointed at it. */
abstract class Suite {
    static final String SDK = "vonage-java";

    Emulator.Application application;
    VideoClient video;

    @BeforeEach
    void connect(TestInfo test) {
        application = Emulator.application(SDK, test.getTestMethod().orElseThrow().getName());
        video = client(application.id(), application.privateKey());
    }

    static VideoClient client(String applicationId, String privateKey) {
        return VonageClient.builder()
                .applicationId(applicationId)
                .privateKeyContents(privateKey)
                .httpConfig(HttpConfig.builder().videoBaseUri(Emulator.URL).build())
                .build()
                .getVideoClient();
    }

    /** A routed session in which `count` participants have a camera each. */
    String call(int count) {
        String sessionId = video.createSession().getSessionId();
        if (count > 0) {
            application.join(sessionId, count);
        }
        return sessionId;
    }

    String token(String sessionId) {
        return video.generateToken(sessionId);
    }

    String token(String sessionId, Role role) {
        return video.generateToken(sessionId, TokenOptions.builder().role(role).build());
    }

    /** Assert that the SDK reports a refusal with `status`; return it. */
    static VideoResponseException refused(int status, Executable call) {
        VideoResponseException error = assertThrows(VideoResponseException.class, call);
        assertEquals(status, error.getStatusCode(), error.getMessage());
        return error;
    }

    static List<String> texts(List<?> values) {
        return values.stream().map(String::valueOf).toList();
    }
}
