package suite

import (
	"strings"
	"testing"
	"time"

	"github.com/calvertyang/opentok-go-sdk/v2/opentok"
)

var hello = &opentok.SignalData{Type: "chat", Data: "Grüße"}

func TestSessionTakesEveryOption(t *testing.T) {
	app := newApplication(t)
	session, err := app.ot.CreateSession(&opentok.SessionOptions{
		ArchiveMode: opentok.AutoArchived, Location: "203.0.113.7", MediaMode: opentok.Routed,
	})
	check(t, err)
	equal(t, session.ProjectID, app.APIKey)
	app.join(session.SessionID, 1)
	archives, err := app.ot.ListArchives(&opentok.ArchiveListOptions{SessionID: session.SessionID})
	check(t, err)
	equal(t, archives.Count, 1)
}

func TestRelayedSessionCannotBeArchivedAutomatically(t *testing.T) {
	app := newApplication(t)
	_, err := app.ot.CreateSession(&opentok.SessionOptions{ArchiveMode: opentok.AutoArchived, MediaMode: opentok.Relayed})
	refused(t, err, 400)
}

func TestBadSecretIsForbidden(t *testing.T) {
	app := newApplication(t)
	_, err := client(t, app.APIKey, "not the secret").CreateSession(&opentok.SessionOptions{})
	refused(t, err, 403)
}

func TestTokensOfEveryRoleAreAccepted(t *testing.T) {
	app := newApplication(t)
	session := app.call(0)
	for _, role := range []opentok.Role{opentok.Publisher, opentok.Subscriber, opentok.Moderator} {
		token, err := session.GenerateToken(&opentok.TokenOptions{
			Role: role, Data: "name=Ada", ExpireTime: time.Now().Add(time.Minute).Unix(), InitialLayoutClassList: []string{"full"},
		})
		check(t, err)
		if !strings.HasPrefix(token, "T1==") {
			t.Fatal(token)
		}
		control(t, "POST", app.path(session.SessionID)+"/participants", object{"token": token}, nil)
	}
	token, err := app.ot.GenerateToken(session.SessionID, &opentok.TokenOptions{})
	check(t, err)
	control(t, "POST", app.path(session.SessionID)+"/participants", object{"token": token}, nil)
	equal(t, len(app.participants(session.SessionID)), 4)
}

func TestStreamsAreListedReadAndClassified(t *testing.T) {
	app := newApplication(t)
	session := app.call(2).SessionID
	streams, err := app.ot.ListStreams(session)
	check(t, err)
	equal(t, []string{streams.Items[0].ID, streams.Items[1].ID}, app.streamIDs(session))
	_, err = app.ot.SetStreamClassLists(session, &opentok.StreamClassOptions{
		Items: []*opentok.StreamClass{{ID: streams.Items[0].ID, LayoutClassList: []string{"full"}}},
	})
	check(t, err)
	stream, err := app.ot.GetStream(session, streams.Items[0].ID)
	check(t, err)
	equal(t, stream.VideoType, "camera")
	equal(t, stream.LayoutClassList, []string{"full"})
	_, err = app.ot.GetStream(session, nothing)
	refused(t, err, 408)
}

func TestSignalsReachEverybodyAndOne(t *testing.T) {
	app := newApplication(t)
	session := app.call(2)
	id, connection := session.SessionID, app.participants(session.SessionID)[0].ConnectionID
	check(t, session.SendSignal(hello))
	check(t, session.SendConnectionSignal(connection, hello))
	check(t, app.ot.SendSessionSignal(id, hello))
	check(t, app.ot.SendConnectionSignal(id, connection, hello))
	signals := app.items("sessions/" + id + "/signals")
	equal(t, len(signals), 4)
	equal(t, signals[0]["data"], hello.Data)
	refused(t, app.ot.SendConnectionSignal(id, nothing, hello), 404)
}

func TestClientIsDisconnected(t *testing.T) {
	app := newApplication(t)
	session := app.call(2).SessionID
	connection := app.participants(session)[0].ConnectionID
	check(t, app.ot.ForceDisconnect(session, connection))
	equal(t, len(app.participants(session)), 1)
	refused(t, app.ot.ForceDisconnect(session, connection), 404)
}

func TestStreamsAreMuted(t *testing.T) {
	app := newApplication(t)
	session := app.call(2)
	streams := app.streamIDs(session.SessionID)
	project, err := app.ot.MuteStream(session.SessionID, streams[0])
	check(t, err)
	equal(t, project.ID, app.APIKey)
	_, err = session.MuteStream(streams[1])
	check(t, err)
	equal(t, app.muted(session.SessionID), streams)
}

// The SDK writes `Active` and `ExcludedStreams`: its options have no JSON names.
func TestSessionCannotBeMuted(t *testing.T) {
	app := newApplication(t)
	session := app.call(2)
	options := &opentok.MuteOptions{Active: true, ExcludedStreams: []string{}}
	_, err := app.ot.MuteSession(session.SessionID, options)
	refused(t, err, 400)
	_, err = session.Mute(options)
	refused(t, err, 400)
}

func TestSipCallTakesDigits(t *testing.T) {
	app := newApplication(t)
	session := app.call(1)
	call, err := app.ot.Dial(session.SessionID, &opentok.DialOptions{
		TokenData: "name=Ada",
		SIP: &opentok.SIP{
			URI: "sip:ada@sip.example.com", From: "15550100@example.com", Secure: true,
			Headers: &opentok.SIPHeaders{"X-Case": "42"},
			Auth:    &opentok.SIPAuth{Username: "ada", Password: "secret"},
		},
	})
	check(t, err)
	check(t, app.ot.SendDTMF(session.SessionID, "1"))
	check(t, app.ot.SendDTMFToClient(session.SessionID, call.ConnectionID, "2"))
	check(t, session.SendDTMF("3"))
	check(t, session.SendDTMFToClient(call.ConnectionID, "4p#"))
	equal(t, app.items("calls")[0]["digits"], []any{"1", "2", "3", "4p#"})
	refused(t, session.SendDTMFToClient(nothing, "1"), 404)
	other, err := session.Dial(&opentok.DialOptions{SIP: &opentok.SIP{URI: "sip:bob@sip.example.com"}})
	check(t, err)
	equal(t, other.ID == call.ID, false)
}
