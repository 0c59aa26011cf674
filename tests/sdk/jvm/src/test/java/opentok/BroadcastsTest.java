package opentok;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.opentok.ArchiveLayout;
import com.opentok.Broadcast;
import com.opentok.BroadcastLayout;
import com.opentok.BroadcastProperties;
import com.opentok.Hls;
import com.opentok.RtmpProperties;
import java.util.List;
import org.junit.jupiter.api.Test;
import suite.Emulator;

class BroadcastsTest extends Suite {
    private static final BroadcastProperties PLAIN =
            new BroadcastProperties.Builder().hasHls(true).build();

    @Test
    void startedBroadcastRepeatsTheOptionsItWasGiven() throws Exception {
        String session = call(1);
        Broadcast broadcast = opentok.startBroadcast(
                session,
                new BroadcastProperties.Builder()
                        .hls(new Hls.Builder().dvr(true).lowLatency(false).build())
                        .addRtmpProperties(new RtmpProperties.Builder()
                                .id("main")
                                .serverUrl("rtmps://rtmp.example.com/live")
                                .streamName("stream-key")
                                .build())
                        .resolution("1280x720")
                        .streamMode(Broadcast.StreamMode.AUTO)
                        .layout(new BroadcastLayout(ArchiveLayout.Type.BESTFIT))
                        .maxDuration(3600)
                        .multiBroadcastTag("main")
                        .build());
        assertEquals("started", broadcast.getStatus());
        assertEquals(session, broadcast.getSessionId());
        assertEquals(application.apiKey(), broadcast.getProjectId());
        assertEquals("1280x720", broadcast.getResolution());
        assertEquals("main", broadcast.getMultiBroadcastTag());
        assertTrue(broadcast.getHls().endsWith("playlist.m3u8?DVR"), broadcast.getHls());
        assertEquals("stream-key", broadcast.getRtmpList().get(0).getStreamName());
    }

    @Test
    void stoppedBroadcastStillAnswers() throws Exception {
        String id = opentok.startBroadcast(call(1), PLAIN).getId();
        assertEquals("stopped", opentok.stopBroadcast(id).getStatus());
        assertEquals("stopped", opentok.getBroadcast(id).getStatus());
    }

    @Test
    void secondBroadcastIsAConflict() throws Exception {
        String session = call(1);
        opentok.startBroadcast(session, PLAIN);
        refused("has already been started", () -> opentok.startBroadcast(session, PLAIN));
    }

    @Test
    void layoutOfABroadcastChanges() throws Exception {
        String id = opentok.startBroadcast(call(1), PLAIN).getId();
        BroadcastProperties vertical = new BroadcastProperties.Builder()
                .layout(new BroadcastLayout(ArchiveLayout.Type.VERTICAL))
                .build();
        opentok.setBroadcastLayout(id, vertical);
        refused("response code: 404", () -> opentok.setBroadcastLayout(Emulator.NOTHING, vertical));
    }

    @Test
    void streamsOfAManualBroadcastAreChosen() throws Exception {
        String session = call(1);
        String stream = application.streamIds(session).get(0);
        String id = opentok.startBroadcast(
                        session,
                        new BroadcastProperties.Builder()
                                .hasHls(true)
                                .streamMode(Broadcast.StreamMode.MANUAL)
                                .build())
                .getId();
        refused(DONE, () -> opentok.addBroadcastStream(id, stream, true, false));
        assertEquals(List.of(stream), ids(video().getBroadcast(id).getStreams()));
        refused(DONE, () -> opentok.removeBroadcastStream(id, stream));
        assertNull(video().getBroadcast(id).getStreams());
    }

    @Test
    void streamsOfAnAutomaticBroadcastCannotBeChosen() throws Exception {
        String session = call(1);
        String id = opentok.startBroadcast(session, PLAIN).getId();
        refused("Stream mode not supported", () -> opentok.addBroadcastStream(id, application.streamIds(session).get(0), true, true));
    }

    @Test
    void unknownBroadcastIsNotFound() {
        refused("was not found", () -> opentok.getBroadcast(Emulator.NOTHING));
        refused("it has already stopped", () -> opentok.stopBroadcast(Emulator.NOTHING));
    }
}
