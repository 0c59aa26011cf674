package opentok;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.opentok.AudioConnector;
import com.opentok.AudioConnectorProperties;
import com.opentok.Render;
import com.opentok.RenderProperties;
import com.opentok.RenderStatus;
import com.opentok.Sip;
import com.opentok.SipProperties;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import suite.Emulator;

/** What joins a session from elsewhere: SIP legs, renders and audio connectors. */
class LegsTest extends Suite {
    static final SipProperties SIP =
            new SipProperties.Builder().sipUri("sip:ada@sip.example.com").build();
    private static final RenderProperties PAGE = RenderProperties.Builder()
            .url("https://example.com/scoreboard")
            .maxDuration(1800)
            .resolution(RenderProperties.Resolution.SD_VERTICAL)
            .properties(new RenderProperties.Properties("scoreboard"))
            .build();

    @Test
    void sipCallWithEveryOptionJoinsTheSession() throws Exception {
        String session = call(1);
        Sip call = opentok.dial(
                session,
                opentok.generateToken(session),
                new SipProperties.Builder()
                        .sipUri("sip:ada@sip.example.com")
                        .from("15550100@example.com")
                        .userName("ada")
                        .password("secret")
                        .headersJsonStartingWithXDash("{\"X-Case\": \"42\"}")
                        .secure(true)
                        .video(true)
                        .observeForceMute(true)
                        .build());
        assertTrue(application.connectionIds(session).contains(call.getConnectionId()));
        assertTrue(application.streamIds(session).contains(call.getStreamId()));
    }

    @Test
    void digitsGoToEveryLegAndToOne() throws Exception {
        String session = call(1);
        Sip call = opentok.dial(session, opentok.generateToken(session), SIP);
        opentok.playDTMF(session, "1234567890*#p");
        opentok.playDTMF(session, call.getConnectionId(), "1p2");
        assertEquals(List.of("1234567890*#p", "1p2"), application.digits(call.getId()));
        refused("response code: 404", () -> opentok.playDTMF(session, Emulator.NOTHING, "1"));
    }

    @Test
    void dialWithAStrangersTokenIsForbidden() throws Exception {
        String session = call(1);
        String stranger = opentok.generateToken(call(1));
        refused("The request was not authorized", () -> opentok.dial(session, stranger, SIP));
    }

    @Test
    void renderJoinsTheSessionAndStops() throws Exception {
        String session = call(0);
        Render started = opentok.startRender(session, opentok.generateToken(session), PAGE);
        assertEquals(RenderStatus.STARTING, started.getStatus());
        assertEquals("480x640", started.getResolution());
        String id = started.getId();
        Emulator.eventually("the render has started", () -> opentok.getRender(id).getStatus() == RenderStatus.STARTED);
        opentok.stopRender(id);
        assertEquals(RenderStatus.STOPPED, opentok.getRender(id).getStatus());
        refused("No Render", () -> opentok.stopRender(id));
    }

    @Test
    void rendersAreListedAndPaged() throws Exception {
        String session = call(0);
        opentok.startRender(session, opentok.generateToken(session), PAGE);
        String second = opentok.startRender(session, opentok.generateToken(session), PAGE).getId();
        assertEquals(2, opentok.listRenders().size());
        List<Render> page = opentok.listRenders(0, 1);
        assertEquals(List.of(second), page.stream().map(Render::getId).toList());
        refused("No Render", () -> opentok.getRender(Emulator.NOTHING));
    }

    @Test
    void audioConnectorJoinsTheSession() throws Exception {
        String session = call(1);
        AudioConnector connector = opentok.connectAudioStream(
                session,
                opentok.generateToken(session),
                new AudioConnectorProperties.Builder("wss://example.com/audio")
                        .addStreams(application.streamIds(session))
                        .addHeaders(Map.of("X-Case", "42"))
                        .build());
        assertTrue(application.connectionIds(session).contains(connector.getConnectionId()));
    }
}
