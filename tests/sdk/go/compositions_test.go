package suite

import (
	"strings"
	"testing"

	"github.com/calvertyang/opentok-go-sdk/v2/opentok"
)

func TestArchiveIsStartedStoppedAndDeleted(t *testing.T) {
	app := newApplication(t)
	session := app.call(1).SessionID
	archive, err := app.ot.StartArchive(session, &opentok.ArchiveOptions{
		Name: "lesson", HasAudio: true, HasVideo: true, OutputMode: opentok.Composed, Resolution: opentok.HDPortrait,
		Layout: &opentok.Layout{Type: opentok.BestFit, ScreenShareType: opentok.PIP},
	})
	check(t, err)
	equal(t, []string{archive.Status, archive.Name, string(archive.Resolution)}, []string{"started", "lesson", "720x1280"})
	_, err = app.ot.StartArchive(session, nil)
	refused(t, err, 409)
	refused(t, archive.Delete(), 409)

	stopped, err := archive.Stop()
	check(t, err)
	equal(t, stopped.Reason, "user initiated")
	eventually(t, "the archive is available", func() bool {
		archive, err = app.ot.GetArchive(archive.ID)
		check(t, err)
		return archive.Status == "available"
	})
	if archive.URL == nil || archive.Size == 0 {
		t.Fatalf("%+v", archive)
	}
	check(t, app.ot.DeleteArchive(archive.ID))
	archives, err := app.ot.ListArchives(nil)
	check(t, err)
	equal(t, archives.Count, 0)
}

func TestArchivesAreListedByPage(t *testing.T) {
	app := newApplication(t)
	first, err := app.ot.StartArchive(app.call(1).SessionID, nil)
	check(t, err)
	_, err = app.ot.StartArchive(app.call(1).SessionID, nil)
	check(t, err)
	page, err := app.ot.ListArchives(&opentok.ArchiveListOptions{Offset: 1, Count: 1})
	check(t, err)
	equal(t, []any{page.Count, len(page.Items), page.Items[0].ID}, []any{2, 1, first.ID})
}

func TestArchiveThatCannotBe(t *testing.T) {
	app := newApplication(t)
	_, err := app.ot.StartArchive(app.call(0).SessionID, nil)
	refused(t, err, 404)
	_, err = app.ot.GetArchive(nothing)
	refused(t, err, 404)
	_, err = app.ot.StopArchive(nothing)
	refused(t, err, 404)
}

func TestLayoutOfAnArchiveChanges(t *testing.T) {
	app := newApplication(t)
	archive, err := app.ot.StartArchive(app.call(1).SessionID, nil)
	check(t, err)
	changed, err := app.ot.SetArchiveLayout(archive.ID, &opentok.Layout{Type: opentok.Custom, StyleSheet: "stream {float: left;}"})
	check(t, err)
	equal(t, changed.ID, archive.ID)
	_, err = app.ot.SetArchiveLayout(nothing, &opentok.Layout{Type: opentok.PIP})
	refused(t, err, 404)
}

func TestBroadcastIsStartedAndStopped(t *testing.T) {
	app := newApplication(t)
	session := app.call(1).SessionID
	options := &opentok.BroadcastOptions{
		Layout: &opentok.Layout{Type: opentok.PIP}, MaxDuration: 3600, Resolution: opentok.HDLandscape,
		Outputs: &opentok.BroadcastOutputOptions{
			HLS: &opentok.HLSConfig{},
			RTMP: []*opentok.RTMPConfig{
				{ID: "main", ServerURL: "rtmps://rtmp.example.com/live", StreamName: "stream-key"},
			},
		},
	}
	broadcast, err := app.ot.StartBroadcast(session, options)
	check(t, err)
	equal(t, []string{broadcast.Status, string(broadcast.Resolution)}, []string{"started", "1280x720"})
	if !strings.HasSuffix(broadcast.BroadcastURLs.HLS, "playlist.m3u8") {
		t.Fatal(broadcast.BroadcastURLs.HLS)
	}
	equal(t, broadcast.BroadcastURLs.RTMP[0].StreamName, "stream-key")
	_, err = app.ot.StartBroadcast(session, options)
	refused(t, err, 409)

	changed, err := app.ot.SetBroadcastLayout(broadcast.ID, &opentok.Layout{Type: opentok.VerticalPresentation})
	check(t, err)
	equal(t, changed.ID, broadcast.ID)
	list, err := app.ot.ListBroadcasts(&opentok.BroadcastListOptions{SessionID: session, Count: 5})
	check(t, err)
	equal(t, list.Count, 1)

	stopped, err := broadcast.Stop()
	check(t, err)
	equal(t, stopped.Status, "stopped")
	read, err := app.ot.GetBroadcast(broadcast.ID)
	check(t, err)
	equal(t, read.Status, "stopped")
	_, err = app.ot.StopBroadcast(broadcast.ID)
	refused(t, err, 404)
}
