package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vonage.client.video.CaptionsRequest;
import com.vonage.client.video.ConnectRequest;
import com.vonage.client.video.ConnectResponse;
import com.vonage.client.video.Language;
import com.vonage.client.video.ListStreamCompositionsRequest;
import com.vonage.client.video.RenderRequest;
import com.vonage.client.video.RenderResponse;
import com.vonage.client.video.RenderStatus;
import com.vonage.client.video.Resolution;
import com.vonage.client.video.Role;
import com.vonage.client.video.SipDialRequest;
import com.vonage.client.video.SipDialResponse;
import com.vonage.client.video.Websocket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import suite.Emulator;

/** What joins a session from elsewhere: SIP legs, captions, renders and audio connectors. */
class LegsTest extends Suite {
    static SipDialRequest.Builder dial(String sessionId, String token) {
        return SipDialRequest.builder()
                .sessionId(sessionId)
                .token(token)
                .uri(URI.create("sip:ada@sip.example.com"), false);
    }

    private CaptionsRequest captions(String sessionId) {
        return CaptionsRequest.builder()
                .sessionId(sessionId)
                .token(token(sessionId, Role.MODERATOR))
                .languageCode(Language.EN_GB)
                .maxDuration(1800)
                .partialCaptions(false)
                .statusCallbackUrl("https://example.com/captions")
                .build();
    }

    private RenderRequest render(String sessionId) {
        return RenderRequest.builder()
                .sessionId(sessionId)
                .token(token(sessionId))
                .url("https://example.com/scoreboard")
                .resolution(Resolution.SD_PORTRAIT)
                .maxDuration(1800)
                .name("scoreboard")
                .build();
    }

    @Test
    void sipCallWithEveryOptionJoinsTheSession() {
        String session = call(1);
        SipDialResponse call = video.sipDial(dial(session, token(session))
                .from("15550100@example.com")
                .addHeader("X-Case", "42")
                .addHeaders(Map.of("X-Other", "43"))
                .username("ada")
                .password("secret")
                .secure(true)
                .video(true)
                .observeForceMute(true)
                .build());
        assertTrue(application.connectionIds(session).contains(call.getConnectionId().toString()));
        assertTrue(application.streamIds(session).contains(call.getStreamId().toString()));
    }

    @Test
    void digitsGoToEveryLegAndToOne() {
        String session = call(1);
        SipDialResponse call = video.sipDial(dial(session, token(session)).build());
        video.sendDtmf(session, "1234567890*#p");
        video.sendDtmf(session, call.getConnectionId().toString(), "1p2");
        assertEquals(List.of("1234567890*#p", "1p2"), application.digits(call.getId().toString()));
        refused(404, () -> video.sendDtmf(session, Emulator.NOTHING, "1"));
    }

    @Test
    void dialWithAStrangersTokenIsForbidden() {
        String session = call(1);
        String other = call(1);
        refused(403, () -> video.sipDial(dial(session, token(other)).build()));
    }

    @Test
    void captionsStartAndStop() {
        String session = call(1);
        String id = video.startCaptions(captions(session)).getCaptionsId().toString();
        assertEquals("60003", refused(409, () -> video.startCaptions(captions(session))).getCode());
        video.stopCaptions(id);
        refused(404, () -> video.stopCaptions(id));
    }

    @Test
    void renderJoinsTheSessionAndStops() throws Exception {
        String session = call(0);
        RenderResponse started = video.startRender(render(session));
        String id = started.getId().toString();
        assertEquals(RenderStatus.STARTING, started.getStatus());
        assertEquals(Resolution.SD_PORTRAIT, started.getResolution());
        assertEquals(application.id(), started.getApplicationId().toString());
        Emulator.eventually("the render has started", () -> video.getRender(id).getStatus() == RenderStatus.STARTED);
        // In the API the id is in upper case, to Java it is a UUID.
        String stream = application.streamIds(session).get(0);
        assertEquals(UUID.fromString(stream), video.getRender(id).getStreamId());
        video.stopRender(id);
        assertEquals(RenderStatus.STOPPED, video.getRender(id).getStatus());
        refused(404, () -> video.stopRender(id));
    }

    @Test
    void rendersAreListedAndPaged() {
        String session = call(0);
        video.startRender(render(session));
        String second = video.startRender(render(session)).getId().toString();
        assertEquals(2, video.listRenders().size());
        List<RenderResponse> page =
                video.listRenders(ListStreamCompositionsRequest.builder().count(1).build());
        assertEquals(List.of(second), page.stream().map(item -> item.getId().toString()).toList());
        refused(404, () -> video.getRender(Emulator.NOTHING));
    }

    @Test
    void audioConnectorJoinsTheSession() {
        String session = call(1);
        ConnectResponse connector = video.connectToWebsocket(ConnectRequest.builder()
                .sessionId(session)
                .token(token(session))
                .uri("wss://example.com/audio")
                .streams(application.streamIds(session))
                .headers(Map.of("X-Case", "42"))
                .audioRate(Websocket.AudioRate.L16_16K)
                .build());
        String connection = connector.getConnectionId().toString();
        assertTrue(application.connectionIds(session).contains(connection));
        video.forceDisconnect(session, connection);
        assertFalse(application.connectionIds(session).contains(connection));
    }
}
