package opentok;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.opentok.OpenTok;
import com.opentok.Session;
import java.util.Set;
import org.junit.jupiter.api.Test;
import suite.Coverage;

class CoverageTest {
    @Test
    void everyPublicMethodIsExercised() throws Exception {
        assertEquals(Set.of(), Coverage.missing(OpenTok.class, CoverageTest.class));
        assertEquals(Set.of(), Coverage.missing(Session.class, CoverageTest.class));
    }
}
