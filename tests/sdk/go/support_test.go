package suite

// What the tests share: the control API of the emulator at EMULATOR_URL, and the SDK pointed at it.

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/calvertyang/opentok-go-sdk/v2/opentok"
)

const (
	sdk     = "opentok-go"
	nothing = "00000000-0000-4000-8000-00000000dead"
	waiting = 10 * time.Second
	poll    = 20 * time.Millisecond
)

var base = os.Getenv("EMULATOR_URL")

type object = map[string]any

// application is one application of the emulator, with the SDK that uses it.
type application struct {
	t         *testing.T
	ot        *opentok.OpenTok
	ID        string `json:"id"`
	APIKey    string `json:"apiKey"`
	APISecret string `json:"apiSecret"`
}

// newApplication makes an application named after the test, by which the journal of the test is found.
func newApplication(t *testing.T) *application {
	t.Helper()
	app := &application{t: t}
	control(t, http.MethodPost, "applications", object{"name": sdk + ": " + t.Name()}, app)
	app.ot = client(t, app.APIKey, app.APISecret)
	return app
}

func client(t *testing.T, apiKey, apiSecret string) *opentok.OpenTok {
	t.Helper()
	ot := opentok.New(apiKey, apiSecret)
	ot.SetHTTPClient(&http.Client{Timeout: waiting})
	check(t, ot.SetAPIHost(base))
	return ot
}

// call makes a routed session in which count participants have a camera each.
func (app *application) call(count int) *opentok.Session {
	app.t.Helper()
	session, err := app.ot.CreateSession(&opentok.SessionOptions{MediaMode: opentok.Routed})
	check(app.t, err)
	if count > 0 {
		app.join(session.SessionID, count)
	}
	return session
}

func (app *application) join(sessionID string, count int) {
	app.t.Helper()
	control(app.t, http.MethodPost, app.path(sessionID)+"/participants", object{"count": count}, nil)
}

type stream struct {
	ID    string `json:"id"`
	Muted bool   `json:"muted"`
}

type participant struct {
	ConnectionID string   `json:"connectionId"`
	Streams      []stream `json:"streams"`
}

func (app *application) participants(sessionID string) []participant {
	app.t.Helper()
	var session struct {
		Participants []participant `json:"participants"`
	}
	control(app.t, http.MethodGet, app.path(sessionID), nil, &session)
	return session.Participants
}

func (app *application) streamIDs(sessionID string) []string {
	app.t.Helper()
	ids := []string{}
	for _, person := range app.participants(sessionID) {
		for _, published := range person.Streams {
			ids = append(ids, published.ID)
		}
	}
	return ids
}

func (app *application) muted(sessionID string) []string {
	app.t.Helper()
	ids := []string{}
	for _, person := range app.participants(sessionID) {
		for _, published := range person.Streams {
			if published.Muted {
				ids = append(ids, published.ID)
			}
		}
	}
	return ids
}

// items returns the list at path, below the application.
func (app *application) items(path string) []object {
	app.t.Helper()
	var list struct {
		Items []object `json:"items"`
	}
	control(app.t, http.MethodGet, "applications/"+app.ID+"/"+path, nil, &list)
	return list.Items
}

func (app *application) path(sessionID string) string {
	return "applications/" + app.ID + "/sessions/" + sessionID
}

func control(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	content := &bytes.Buffer{}
	if body != nil {
		check(t, json.NewEncoder(content).Encode(body))
	}
	request, err := http.NewRequest(method, base+"/_emulator/"+path, content)
	check(t, err)
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if answer != nil {
		check(t, json.NewDecoder(response.Body).Decode(answer))
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("got %#v, wanted %#v", got, wanted)
	}
}

// refused asserts that err is the SDK's report of a refusal with this status and a message.
func refused(t *testing.T, err error, status int) {
	t.Helper()
	var refusal *opentok.ResponseError
	if !errors.As(err, &refusal) {
		t.Fatalf("expected a refusal with %d, got %v", status, err)
	}
	equal(t, refusal.StatusCode, status)
	if refusal.Message == "" {
		t.Fatal("the refusal has no message")
	}
}

func eventually(t *testing.T, what string, probe func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waiting); !probe(); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", waiting, what)
		}
	}
}
