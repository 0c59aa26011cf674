package opentok;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.opentok.Archive;
import com.opentok.ArchiveLayout;
import com.opentok.ArchiveList;
import com.opentok.ArchiveProperties;
import com.opentok.ScreenShareLayoutType;
import com.opentok.exception.OpenTokException;
import com.opentok.exception.RequestException;
import java.util.List;
import org.junit.jupiter.api.Test;
import suite.Emulator;

class ArchivesTest extends Suite {
    private Archive available(String sessionId) throws Exception {
        String id = opentok.startArchive(sessionId).getId();
        opentok.stopArchive(id);
        Emulator.eventually(
                "the archive is available", () -> opentok.getArchive(id).getStatus() == Archive.Status.AVAILABLE);
        return opentok.getArchive(id);
    }

    private static ArchiveProperties layout(ArchiveLayout layout) {
        return new ArchiveProperties.Builder().layout(layout).build();
    }

    @Test
    void startedArchiveHasEveryFieldAtItsDefault() throws Exception {
        String session = call(1);
        Archive archive = opentok.startArchive(session, "lesson");
        assertEquals("lesson", archive.getName());
        assertEquals(Archive.Status.STARTED, archive.getStatus());
        assertEquals(session, archive.getSessionId());
        assertEquals(application.apiKey(), archive.getPartnerId());
        assertEquals(Archive.OutputMode.COMPOSED, archive.getOutputMode());
        assertEquals(Archive.StreamMode.AUTO, archive.getStreamMode());
        assertEquals("640x480", archive.getResolution());
        assertTrue(archive.hasAudio() && archive.hasVideo());
        assertTrue(Math.abs(System.currentTimeMillis() - archive.getCreatedAt()) < 60_000);
    }

    @Test
    void startedArchiveRepeatsTheOptionsItWasGiven() throws Exception {
        Archive archive = opentok.startArchive(
                call(1),
                new ArchiveProperties.Builder()
                        .name("interview")
                        .hasAudio(false)
                        .hasVideo(true)
                        .outputMode(Archive.OutputMode.COMPOSED)
                        .streamMode(Archive.StreamMode.MANUAL)
                        .resolution("1080x1920")
                        .layout(new ArchiveLayout(ScreenShareLayoutType.PIP))
                        .multiArchiveTag("first")
                        .build());
        assertFalse(archive.hasAudio());
        assertEquals("1080x1920", archive.getResolution());
        assertEquals(Archive.StreamMode.MANUAL, archive.getStreamMode());
        assertEquals("first", archive.getMultiArchiveTag());
    }

    @Test
    void stoppedArchiveBecomesAvailable() throws Exception {
        Archive archive = available(call(1));
        assertEquals("user initiated", archive.getReason());
        assertNotNull(archive.getUrl());
        assertTrue(archive.getSize() > 0);
    }

    @Test
    void refusalsTellTheirReason() throws Exception {
        String empty = call(0);
        refused("The sessionId does not exist", () -> opentok.startArchive(empty));
        String session = call(1);
        String id = opentok.startArchive(session).getId();
        refused("already recording", () -> opentok.startArchive(session));
        refused("The status was not", () -> opentok.deleteArchive(id));
        refused("Could not patch", () -> opentok.addArchiveStream(id, application.streamIds(session).get(0), true, true));
    }

    @Test
    void deletedArchiveLeavesTheList() throws Exception {
        String id = available(call(1)).getId();
        opentok.deleteArchive(id);
        assertEquals(0, opentok.listArchives().getTotalCount());
        assertEquals(Archive.Status.DELETED, opentok.getArchive(id).getStatus());
    }

    @Test
    void archivesAreListedBySessionAndPage() throws Exception {
        String session = call(1);
        String other = opentok.startArchive(call(1)).getId();
        String first = opentok.startArchive(session).getId();
        assertEquals(List.of(first, other), ids(opentok.listArchives()));
        assertEquals(List.of(first), ids(opentok.listArchives(session)));
        assertEquals(List.of(other), ids(opentok.listArchives(1, 1)));
        assertEquals(List.of(first), ids(opentok.listArchives(session, 0, 5)));
    }

    @Test
    void layoutOfAnArchiveChanges() throws Exception {
        String id = opentok.startArchive(call(1)).getId();
        opentok.setArchiveLayout(id, layout(new ArchiveLayout(ArchiveLayout.Type.VERTICAL)));
        opentok.setArchiveLayout(id, layout(new ArchiveLayout(ArchiveLayout.Type.CUSTOM, "stream {float: left;}")));
        refused("response code: 404", () -> opentok.setArchiveLayout(
                Emulator.NOTHING, layout(new ArchiveLayout(ArchiveLayout.Type.PIP))));
    }

    @Test
    void streamsOfAManualArchiveAreChosen() throws Exception {
        String session = call(1);
        String stream = application.streamIds(session).get(0);
        String id = opentok.startArchive(
                        session,
                        new ArchiveProperties.Builder()
                                .streamMode(Archive.StreamMode.MANUAL)
                                .build())
                .getId();
        refused(DONE, () -> opentok.addArchiveStream(id, stream, true, false));
        assertEquals(List.of(stream), ids(video().getArchive(id).getStreams()));
        refused(DONE, () -> opentok.removeArchiveStream(id, stream));
        assertNull(video().getArchive(id).getStreams()); // as recorded: no key while there is none
        refused("Archive or stream not found", () -> opentok.removeArchiveStream(Emulator.NOTHING, stream));
    }

    @Test
    void unknownArchiveIsNotFound() {
        refused("response code: 404", () -> opentok.getArchive(Emulator.NOTHING));
        refused("The archiveId does not exist", () -> opentok.stopArchive(Emulator.NOTHING));
    }

    @Test
    void anAnswerThatIsNoJsonIsAnException() throws OpenTokException {
        application.fault("listArchives", "malformedJson");
        assertThrows(RequestException.class, opentok::listArchives);
    }

    private static List<String> ids(ArchiveList archives) {
        return archives.stream().map(Archive::getId).toList();
    }
}
