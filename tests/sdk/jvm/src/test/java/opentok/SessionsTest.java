package opentok;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.opentok.ArchiveMode;
import com.opentok.MediaMode;
import com.opentok.MuteAllProperties;
import com.opentok.OpenTok;
import com.opentok.Role;
import com.opentok.Session;
import com.opentok.SessionProperties;
import com.opentok.SignalProperties;
import com.opentok.Stream;
import com.opentok.StreamList;
import com.opentok.StreamListProperties;
import com.opentok.StreamProperties;
import com.opentok.TokenOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import suite.Emulator;

/** Sessions, tokens, streams, signals and moderation. */
class SessionsTest extends Suite {
    private static final SignalProperties HELLO =
            new SignalProperties.Builder().type("chat").data("Grüße").build();

    @Test
    void sessionWithoutOptionsIsRelayed() throws Exception {
        Session session = opentok.createSession();
        assertTrue(session.getSessionId().startsWith("2_"), session.getSessionId());
        assertEquals(application.apiKey(), session.getApiKey());
        assertEquals(MediaMode.RELAYED, session.getProperties().mediaMode());
    }

    @Test
    void sessionTakesEveryOption() throws Exception {
        Session session = opentok.createSession(new SessionProperties.Builder()
                .location("203.0.113.7")
                .mediaMode(MediaMode.ROUTED)
                .archiveMode(ArchiveMode.ALWAYS)
                .build());
        application.join(session.getSessionId(), 1);
        assertEquals(1, opentok.listArchives(session.getSessionId()).getTotalCount());
    }

    @Test
    void badSecretIsForbidden() {
        OpenTok stranger = client(application.apiKey(), "not the secret");
        refused("Could not create an OpenTok Session", stranger::createSession);
        stranger.close();
    }

    @Test
    void unknownProjectIsForbidden() {
        OpenTok stranger = client(123, application.apiSecret());
        refused("Could not create an OpenTok Session", stranger::createSession);
        stranger.close();
    }

    @Test
    void tokensOfEveryKindAreAccepted() throws Exception {
        Session session = opentok.createSession(
                new SessionProperties.Builder().mediaMode(MediaMode.ROUTED).build());
        TokenOptions moderator = new TokenOptions.Builder()
                .role(Role.MODERATOR)
                .expireTime(System.currentTimeMillis() / 1000 + 60)
                .data("name=Ada")
                .initialLayoutClassList(List.of("full", "focus"))
                .build();
        String id = session.getSessionId();
        for (String token : List.of(
                opentok.generateToken(id),
                opentok.generateToken(id, moderator),
                session.generateToken(),
                session.generateToken(moderator))) {
            assertTrue(token.startsWith("T1=="), token);
            assertFalse(opentok.dial(id, token, LegsTest.SIP).getId().isEmpty());
        }
    }

    @Test
    void streamsAreListedAndRead() throws Exception {
        String session = call(2);
        StreamList streams = opentok.listStreams(session);
        assertEquals(2, streams.getTotalCount());
        assertEquals(
                application.streamIds(session), streams.stream().map(Stream::getId).toList());
        Stream stream = opentok.getStream(session, streams.get(0).getId());
        assertEquals("camera", stream.getVideoType());
        assertEquals(List.of(), stream.getLayoutClassList());
    }

    @Test
    void unknownStreamIsRefused() throws Exception {
        String session = call(1);
        refused("invalid stream ID", () -> opentok.getStream(session, Emulator.NOTHING));
    }

    @Test
    void layoutClassesOfStreamsAreSet() throws Exception {
        String session = call(1);
        String id = application.streamIds(session).get(0);
        opentok.setStreamLayouts(session, new StreamListProperties.Builder()
                .addStreamProperties(new StreamProperties.Builder()
                        .id(id)
                        .addLayoutClass("full")
                        .addLayoutClass("focus")
                        .build())
                .build());
        assertEquals(List.of("full", "focus"), opentok.getStream(session, id).getLayoutClassList());
    }

    @Test
    void signalsReachEverybodyAndOne() throws Exception {
        String session = call(2);
        opentok.signal(session, HELLO);
        opentok.signal(session, application.connectionIds(session).get(0), HELLO);
        assertEquals(List.of("chat: Grüße", "chat: Grüße"), application.signals(session));
        refused("is not connected to the session", () -> opentok.signal(session, Emulator.NOTHING, HELLO));
    }

    @Test
    void clientIsDisconnected() throws Exception {
        String session = call(2);
        List<String> connections = application.connectionIds(session);
        opentok.forceDisconnect(session, connections.get(0));
        assertEquals(connections.subList(1, 2), application.connectionIds(session));
        refused("is not connected to the session", () -> opentok.forceDisconnect(session, connections.get(0)));
    }

    @Test
    void streamIsMuted() throws Exception {
        String session = call(2);
        String stream = application.streamIds(session).get(0);
        opentok.forceMuteStream(session, stream);
        assertEquals(List.of(stream), application.muted(session));
        refused("response code: 404", () -> opentok.forceMuteStream(session, Emulator.NOTHING));
    }

    @Test
    void sessionIsMuted() throws Exception {
        String session = call(3);
        List<String> streams = application.streamIds(session);
        opentok.forceMuteAll(
                session,
                new MuteAllProperties.Builder()
                        .excludedStreamIds(streams.subList(0, 1))
                        .build());
        // The SDK writes `excudedStreamIds`, which nothing reads: nobody is spared.
        assertEquals(streams, application.muted(session));
        opentok.disableForceMute(session);
        String empty = call(0);
        refused("response code: 404", () -> opentok.disableForceMute(empty));
    }
}
