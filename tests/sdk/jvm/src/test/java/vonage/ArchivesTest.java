package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vonage.client.VonageResponseParseException;
import com.vonage.client.video.Archive;
import com.vonage.client.video.ArchiveStatus;
import com.vonage.client.video.ListStreamCompositionsRequest;
import com.vonage.client.video.OutputMode;
import com.vonage.client.video.Resolution;
import com.vonage.client.video.ScreenLayoutType;
import com.vonage.client.video.StreamCompositionLayout;
import com.vonage.client.video.StreamMode;
import com.vonage.client.video.VideoResponseException;
import com.vonage.client.video.VideoStream;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import suite.Emulator;

class ArchivesTest extends Suite {
    private Archive start(String sessionId) {
        return video.createArchive(Archive.builder(sessionId).build());
    }

    private Archive available(String sessionId) throws Exception {
        String id = start(sessionId).getId().toString();
        video.stopArchive(id);
        Emulator.eventually("the archive is available", () -> video.getArchive(id).getStatus() == ArchiveStatus.AVAILABLE);
        return video.getArchive(id);
    }

    @Test
    void startedArchiveHasEveryFieldAtItsDefault() {
        String session = call(1);
        Archive archive = start(session);
        assertEquals(ArchiveStatus.STARTED, archive.getStatus());
        assertEquals(session, archive.getSessionId());
        assertEquals(application.id(), archive.getApplicationId().toString());
        assertEquals(OutputMode.COMPOSED, archive.getOutputMode());
        assertEquals(StreamMode.AUTO, archive.getStreamMode());
        assertEquals(Resolution.SD_LANDSCAPE, archive.getResolution());
        assertEquals("", archive.getReason());
        assertEquals(0, archive.getDurationSeconds());
        assertTrue(archive.hasAudio() && archive.hasVideo());
        assertTrue(Math.abs(System.currentTimeMillis() - archive.getCreatedAtMillis()) < 60_000);
    }

    @Test
    void startedArchiveRepeatsTheOptionsItWasGiven() {
        Archive archive = video.createArchive(Archive.builder(call(1))
                .name("interview")
                .hasAudio(true)
                .hasVideo(true)
                .outputMode(OutputMode.COMPOSED)
                .streamMode(StreamMode.MANUAL)
                .resolution(Resolution.FHD_PORTRAIT)
                .layout(StreamCompositionLayout.screenshareLayout(ScreenLayoutType.PIP))
                .multiArchiveTag("first")
                .maxBitrate(1_500_000)
                .build());
        assertEquals("interview", archive.getName());
        assertEquals("first", archive.getMultiArchiveTag());
        assertEquals(StreamMode.MANUAL, archive.getStreamMode());
        assertEquals(Resolution.FHD_PORTRAIT, archive.getResolution());
        assertEquals(1_500_000, archive.getMaxBitrate());
    }

    @Test
    void stoppedArchiveBecomesAvailable() throws Exception {
        Archive archive = available(call(1));
        assertEquals("user initiated", archive.getReason());
        assertNotNull(archive.getUrl());
        assertTrue(archive.getSize() > 0);
    }

    @Test
    void archiveOfAnEmptySessionIsNotFound() {
        VideoResponseException error = refused(404, () -> start(call(0)));
        assertEquals("Not Found", error.getTitle());
    }

    @Test
    void secondArchiveIsAConflictUnlessTagged() {
        String session = call(1);
        start(session);
        assertEquals("15001", refused(409, () -> start(session)).getCode());
        video.createArchive(Archive.builder(session).multiArchiveTag("second").build());
    }

    @Test
    void stoppingTwiceAndDeletingWhileRecordingAreConflicts() throws Exception {
        String running = start(call(1)).getId().toString();
        refused(409, () -> video.deleteArchive(running));
        String done = available(call(1)).getId().toString();
        refused(409, () -> video.stopArchive(done));
    }

    @Test
    void deletedArchiveLeavesTheList() throws Exception {
        String id = available(call(1)).getId().toString();
        video.deleteArchive(id);
        assertEquals(List.of(), video.listArchives());
        assertEquals(ArchiveStatus.DELETED, video.getArchive(id).getStatus());
    }

    @Test
    void archivesAreListedNewestFirstAndByPage() {
        String session = call(1);
        List<String> ids = List.of("a", "b", "c").stream()
                .map(tag -> video.createArchive(Archive.builder(session).multiArchiveTag(tag).build()))
                .map(archive -> archive.getId().toString())
                .toList();
        assertEquals(
                List.of(ids.get(2), ids.get(1), ids.get(0)),
                video.listArchives().stream().map(archive -> archive.getId().toString()).toList());
        ListStreamCompositionsRequest second = ListStreamCompositionsRequest.builder()
                .sessionId(session)
                .offset(1)
                .count(1)
                .build();
        assertEquals(
                ids.subList(1, 2),
                video.listArchives(second).stream().map(archive -> archive.getId().toString()).toList());
    }

    @Test
    void layoutOfAnArchiveChanges() {
        String id = start(call(1)).getId().toString();
        video.updateArchiveLayout(id, StreamCompositionLayout.standardLayout(ScreenLayoutType.VERTICAL));
        video.updateArchiveLayout(id, StreamCompositionLayout.customLayout("stream {float: left;}"));
        refused(404, () -> video.updateArchiveLayout(
                Emulator.NOTHING, StreamCompositionLayout.standardLayout(ScreenLayoutType.PIP)));
    }

    @Test
    void streamsOfAManualArchiveAreChosen() {
        String session = call(2);
        List<String> streams = application.streamIds(session);
        String id = video.createArchive(
                        Archive.builder(session).streamMode(StreamMode.MANUAL).build())
                .getId()
                .toString();
        video.addArchiveStream(id, streams.get(0));
        video.addArchiveStream(id, streams.get(1), true, false);
        List<VideoStream> chosen = video.getArchive(id).getStreams();
        assertEquals(streams, chosen.stream().map(stream -> stream.getStreamId().toString()).toList());
        assertEquals(List.of(true, false), chosen.stream().map(VideoStream::hasVideo).toList());
        video.removeArchiveStream(id, streams.get(0));
        assertEquals(1, video.getArchive(id).getStreams().size());
    }

    @Test
    void streamsOfAnAutomaticArchiveCannotBeChosen() {
        String session = call(1);
        String id = start(session).getId().toString();
        refused(400, () -> video.addArchiveStream(id, application.streamIds(session).get(0)));
    }

    @Test
    void unknownArchiveIsNotFound() {
        refused(404, () -> video.getArchive(Emulator.NOTHING));
        refused(404, () -> video.stopArchive(Emulator.NOTHING));
        refused(404, () -> video.deleteArchive(Emulator.NOTHING));
    }

    @Test
    void anErrorThatIsNoJsonIsAnotherException() {
        application.fault("listArchives", "malformedJson");
        Assertions.assertThrows(VonageResponseParseException.class, () -> video.listArchives());
    }

    @Test
    void rateLimitIsReportedAndNotRetried() {
        application.fault("listArchives", "rateLimited");
        refused(429, () -> video.listArchives());
    }
}
