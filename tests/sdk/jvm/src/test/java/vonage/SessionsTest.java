package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vonage.client.video.ArchiveMode;
import com.vonage.client.video.CreateSessionRequest;
import com.vonage.client.video.CreateSessionResponse;
import com.vonage.client.video.GetStreamResponse;
import com.vonage.client.video.ListStreamCompositionsRequest;
import com.vonage.client.video.MediaMode;
import com.vonage.client.video.ProjectDetails;
import com.vonage.client.video.ProjectStatus;
import com.vonage.client.video.Role;
import com.vonage.client.video.SessionStream;
import com.vonage.client.video.SignalRequest;
import com.vonage.client.video.TokenOptions;
import com.vonage.client.video.VideoType;
import java.util.List;
import org.junit.jupiter.api.Test;
import suite.Emulator;

/** Sessions, tokens, streams, signals and moderation. */
class SessionsTest extends Suite {
    private static final SignalRequest HELLO =
            SignalRequest.builder().type("chat").data("Grüße").build();

    @Test
    void sessionIsCreatedByARequestWithoutABody() {
        CreateSessionResponse session = video.createSession();
        assertTrue(session.getSessionId().startsWith("2_"), session.getSessionId());
        assertNotNull(session.getCreateDt());
    }

    @Test
    void sessionTakesEveryOption() {
        CreateSessionResponse session = video.createSession(CreateSessionRequest.builder()
                .location("203.0.113.7")
                .mediaMode(MediaMode.ROUTED)
                .archiveMode(ArchiveMode.ALWAYS)
                .build());
        application.join(session.getSessionId(), 1);
        ListStreamCompositionsRequest ofSession = ListStreamCompositionsRequest.builder()
                .sessionId(session.getSessionId())
                .build();
        assertEquals(1, video.listArchives(ofSession).size());
    }

    @Test
    void encryptedSessionCannotBeArchivedAutomatically() {
        CreateSessionRequest always = CreateSessionRequest.builder()
                .mediaMode(MediaMode.ROUTED)
                .archiveMode(ArchiveMode.ALWAYS)
                .e2ee(true)
                .build();
        refused(400, () -> video.createSession(always));
    }

    @Test
    void keyOfAnotherApplicationIsForbidden() {
        String stranger = Emulator.application(SDK, "keyOfAnotherApplicationIsForbidden").privateKey();
        refused(403, () -> client(application.id(), stranger).createSession());
    }

    @Test
    void tokenWithEveryOptionIsAccepted() {
        String session = call(0);
        String token = video.generateToken(session, TokenOptions.builder()
                .role(Role.MODERATOR)
                .data("name=Ada")
                .initialLayoutClassList(List.of("full", "focus"))
                .build());
        assertEquals(3, token.split("\\.").length);
        assertNotNull(video.sipDial(LegsTest.dial(session, token).build()).getId());
    }

    @Test
    void streamsAreListedAndRead() {
        String session = call(2);
        List<GetStreamResponse> streams = video.listStreams(session);
        assertEquals(application.streamIds(session), streams.stream().map(stream -> stream.getId().toString()).toList());
        GetStreamResponse stream = video.getStream(session, streams.get(0).getId().toString());
        assertEquals(VideoType.CAMERA, stream.getVideoType());
        assertEquals(List.of(), stream.getLayoutClassList());
    }

    @Test
    void unknownStreamIsRefusedWithTheServicesOwnStatus() {
        String session = call(1);
        refused(408, () -> video.getStream(session, Emulator.NOTHING));
    }

    @Test
    void layoutClassesOfStreamsAreSet() {
        String session = call(2);
        List<String> ids = application.streamIds(session);
        video.setStreamLayout(session, SessionStream.builder(ids.get(0)).layoutClassList("full").build());
        video.setStreamLayout(session, List.of(SessionStream.builder(ids.get(1)).layoutClassList("a", "b").build()));
        assertEquals(List.of("full"), video.getStream(session, ids.get(0)).getLayoutClassList());
        assertEquals(List.of("a", "b"), video.getStream(session, ids.get(1)).getLayoutClassList());
    }

    @Test
    void signalsReachEverybodyAndOne() {
        String session = call(2);
        video.signalAll(session, HELLO);
        video.signal(session, application.connectionIds(session).get(0), HELLO);
        assertEquals(List.of("chat: Grüße", "chat: Grüße"), application.signals(session));
    }

    @Test
    void signalToNobodyIsNotFound() {
        String session = call(1);
        refused(404, () -> video.signal(session, Emulator.NOTHING, HELLO));
        refused(404, () -> video.signalAll(call(0), HELLO));
    }

    @Test
    void clientIsDisconnected() {
        String session = call(2);
        List<String> connections = application.connectionIds(session);
        video.forceDisconnect(session, connections.get(0));
        assertEquals(connections.subList(1, 2), application.connectionIds(session));
        refused(404, () -> video.forceDisconnect(session, connections.get(0)));
    }

    @Test
    void streamIsMuted() {
        String session = call(2);
        String stream = application.streamIds(session).get(0);
        video.muteStream(session, stream);
        assertEquals(List.of(stream), application.muted(session));
        refused(404, () -> video.muteStream(session, Emulator.NOTHING));
    }

    @Test
    void sessionIsMutedButForSome() {
        String session = call(3);
        List<String> streams = application.streamIds(session);
        ProjectDetails project = video.muteSession(session, true, streams.subList(0, 1));
        assertEquals(application.id(), project.getApplicationId());
        assertEquals(ProjectStatus.ACTIVE, project.getStatus());
        assertEquals(streams.subList(1, 3), application.muted(session));
        video.muteSession(session, false);
        refused(404, () -> video.muteSession(call(0), true));
    }

    @Test
    void textThatIsNoSessionIdIsRefused() {
        refused(400, () -> video.createArchive(com.vonage.client.video.Archive.builder("not-a-session").build()));
        assertThrows(IllegalArgumentException.class, () -> video.getArchive("not-a-uuid"));
    }
}
