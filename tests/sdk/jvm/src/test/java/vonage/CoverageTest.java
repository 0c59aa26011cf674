package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.vonage.client.video.VideoClient;
import java.util.Set;
import org.junit.jupiter.api.Test;
import suite.Coverage;

class CoverageTest {
    @Test
    void everyPublicMethodIsExercised() throws Exception {
        assertEquals(Set.of(), Coverage.missing(VideoClient.class, CoverageTest.class));
    }
}
