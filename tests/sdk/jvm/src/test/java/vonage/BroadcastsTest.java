package vonage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vonage.client.video.Broadcast;
import com.vonage.client.video.BroadcastStatus;
import com.vonage.client.video.Hls;
import com.vonage.client.video.ListStreamCompositionsRequest;
import com.vonage.client.video.Resolution;
import com.vonage.client.video.Rtmp;
import com.vonage.client.video.RtmpStatus;
import com.vonage.client.video.ScreenLayoutType;
import com.vonage.client.video.StreamCompositionLayout;
import com.vonage.client.video.StreamMode;
import com.vonage.client.video.VideoStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import suite.Emulator;

class BroadcastsTest extends Suite {
    private static final Hls HLS = Hls.builder().dvr(true).lowLatency(false).build();

    private String start(String sessionId) {
        return video.createBroadcast(Broadcast.builder(sessionId).hls(HLS).build()).getId().toString();
    }

    @Test
    void startedBroadcastRepeatsTheOptionsItWasGiven() {
        String session = call(1);
        Broadcast broadcast = video.createBroadcast(Broadcast.builder(session)
                .hls(HLS)
                .addRtmpStream(Rtmp.builder()
                        .id("main")
                        .serverUrl("rtmps://rtmp.example.com/live")
                        .streamName("stream-key")
                        .build())
                .resolution(Resolution.HD_LANDSCAPE)
                .streamMode(StreamMode.AUTO)
                .layout(StreamCompositionLayout.standardLayout(ScreenLayoutType.BEST_FIT))
                .maxDuration(3600)
                .maxBitrate(1_000_000)
                .multiBroadcastTag("main")
                .build());
        assertEquals(BroadcastStatus.STARTED, broadcast.getStatus());
        assertEquals(session, broadcast.getSessionId());
        assertEquals(application.id(), broadcast.getApplicationId().toString());
        assertEquals(Resolution.HD_LANDSCAPE, broadcast.getResolution());
        assertEquals(3600, broadcast.getMaxDurationSeconds());
        assertEquals("main", broadcast.getMultiBroadcastTag());
        assertTrue(broadcast.getHlsSettings().getDvr());
        assertTrue(broadcast.getBroadcastUrls().getHls().toString().endsWith("playlist.m3u8?DVR"));
        assertEquals(RtmpStatus.CONNECTING, broadcast.getBroadcastUrls().getRtmps().get(0).getStatus());
    }

    @Test
    void outputsGoLive() throws Exception {
        String id = video.createBroadcast(Broadcast.builder(call(1))
                        .addRtmpStream(Rtmp.builder()
                                .serverUrl("rtmp://rtmp.example.com/live")
                                .streamName("stream-key")
                                .build())
                        .build())
                .getId()
                .toString();
        Emulator.eventually(
                "the RTMP output is live",
                () -> video.getBroadcast(id).getBroadcastUrls().getRtmps().get(0).getStatus() == RtmpStatus.LIVE);
    }

    @Test
    void stoppedBroadcastStillAnswersAndIsNotListed() {
        String id = start(call(1));
        assertEquals(BroadcastStatus.STOPPED, video.stopBroadcast(id).getStatus());
        assertEquals(BroadcastStatus.STOPPED, video.getBroadcast(id).getStatus());
        assertEquals(List.of(), video.listBroadcasts());
    }

    @Test
    void broadcastsAreListedBySessionAndPage() {
        String session = call(1);
        String first = start(session);
        start(call(1));
        assertEquals(2, video.listBroadcasts().size());
        ListStreamCompositionsRequest ofSession = ListStreamCompositionsRequest.builder()
                .sessionId(session)
                .offset(0)
                .count(5)
                .build();
        assertEquals(
                List.of(first),
                video.listBroadcasts(ofSession).stream().map(item -> item.getId().toString()).toList());
    }

    @Test
    void secondBroadcastIsAConflict() {
        String session = call(1);
        start(session);
        refused(409, () -> start(session));
    }

    @Test
    void layoutOfABroadcastChanges() {
        String id = start(call(1));
        video.updateBroadcastLayout(id, StreamCompositionLayout.standardLayout(ScreenLayoutType.HORIZONTAL));
        refused(404, () -> video.updateBroadcastLayout(
                Emulator.NOTHING, StreamCompositionLayout.standardLayout(ScreenLayoutType.PIP)));
    }

    @Test
    void streamsOfAManualBroadcastAreChosen() {
        String session = call(2);
        List<String> streams = application.streamIds(session);
        String id = video.createBroadcast(Broadcast.builder(session)
                        .hls(HLS)
                        .streamMode(StreamMode.MANUAL)
                        .build())
                .getId()
                .toString();
        video.addBroadcastStream(id, streams.get(0));
        video.addBroadcastStream(id, streams.get(1), false, true);
        List<VideoStream> chosen = video.getBroadcast(id).getStreams();
        assertEquals(List.of(true, false), chosen.stream().map(VideoStream::hasAudio).toList());
        video.removeBroadcastStream(id, streams.get(0));
        assertEquals(1, video.getBroadcast(id).getStreams().size());
    }

    @Test
    void streamsOfAnAutomaticBroadcastCannotBeChosen() {
        String session = call(1);
        String id = start(session);
        refused(400, () -> video.addBroadcastStream(id, application.streamIds(session).get(0)));
    }

    @Test
    void unknownBroadcastIsNotFound() {
        refused(404, () -> video.getBroadcast(Emulator.NOTHING));
        refused(404, () -> video.stopBroadcast(Emulator.NOTHING));
    }
}
