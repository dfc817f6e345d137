package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"

	"netgen.dev/artifact"
)

// transport answers requests itself.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// by answers as a handler does.
func by(h http.Handler) transport {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		asked := r.Clone(r.Context()) // as a server gets it
		if asked.Body == nil {
			asked.Body = http.NoBody
		}
		h.ServeHTTP(w, asked)
		response := w.Result()
		response.Request = r
		return response, nil
	}
}

func sample(t *testing.T, text string) artifact.Artifact {
	t.Helper()
	a, err := artifact.Pack(map[string][]byte{"shop/netgen.lock": []byte(text)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var release = Reference{Registry: "registry.example", Repository: "acme/policies", Tag: "1.0.0"}

// TestFailures sees how each failure is worded, and that nothing but the name of
// the registry is said of addresses.
func TestFailures(t *testing.T) {
	status := func(code int, body string) transport {
		return by(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}))
	}
	for _, tt := range []struct {
		title, want string
		is          error
		transport   transport
	}{
		{"no such host", "there is no such host", nil, func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "registry.example", IsNotFound: true}}
		}},
		{"plain HTTP", "it speaks plain HTTP, which anybody on the way can change", ErrPlainHTTP, func(*http.Request) (*http.Response, error) {
			return nil, http.ErrSchemeMismatch
		}},
		{"refused", "connection refused", nil, func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Put", URL: "https://registry.example/?state=hush", Err: errors.New("connection refused")}
		}},
		{"unauthorized", "it wants credentials, and there are none for it", ErrCredentials, by(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}))},
		{"forbidden", "these credentials may not push to acme/policies: Forbidden", ErrCredentials, status(http.StatusForbidden, "")},
		{"anything else", "it answered 418: I'm a teapot", nil, status(http.StatusTeapot, "<html>")},
		{"in the registry's words", "it answered 400: tag invalid: no", nil, status(http.StatusBadRequest, `{"errors":[{"code":"TAG_INVALID","message":"no"}]}`)},
	} {
		_, err := Push(context.Background(), release, sample(t, "1"), Options{Overwrite: true, Transport: tt.transport})
		if want := "registry registry.example: " + tt.want; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", tt.title, err, want)
		}
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: it is not %v", tt.title, tt.is)
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	_, err := Push(ctx, release, sample(t, "1"), Options{Transport: transport(func(*http.Request) (*http.Response, error) {
		asked++
		cancel()
		return nil, &net.OpError{Op: "read", Err: errors.New("use of closed network connection")}
	})})
	if err == nil || err.Error() != "registry registry.example: interrupted" || !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

// TestReleases sees what becomes of a tag that is there already.
func TestReleases(t *testing.T) {
	handler := ociserver.New(ocimem.New(), nil)
	puts := 0
	o := Options{Transport: by(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodPost {
			puts++
		}
		handler.ServeHTTP(w, r)
	}))}
	first, second := sample(t, "1"), sample(t, "2")
	push := func(ref Reference, a artifact.Artifact) Result {
		t.Helper()
		result, err := Push(context.Background(), ref, a, o)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if got := push(release, first); got.Kept || got.Digest != first.Digest() {
		t.Errorf("pushed: %+v", got)
	}
	before := puts
	if got := push(release, first); !got.Kept || got.Digest != first.Digest() || puts != before {
		t.Errorf("the same again: %+v with %d requests", got, puts-before)
	}
	_, err := Push(context.Background(), release, second, o)
	if taken, ok := errors.AsType[*TakenError](err); !ok || taken.Digest != first.Digest() || puts != before || !strings.Contains(err.Error(), "registry.example/acme/policies:1.0.0 is "+first.Digest()) {
		t.Errorf("other files: %v", err)
	}
	moving, err := release.WithTag("main")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []artifact.Artifact{first, second, first} {
		if got := push(moving, a); got.Kept || got.Digest != a.Digest() {
			t.Errorf("a tag that moves: %+v", got)
		}
	}
	o.Overwrite = true
	if got := push(release, second); got.Kept || got.Digest != second.Digest() {
		t.Errorf("overwritten: %+v", got)
	}
}

// TestReleaseRace has two push one version at once: both look, and find none. The
// version is that of the second, and the first does not say that it is its own.
func TestReleaseRace(t *testing.T) {
	handler := ociserver.New(ocimem.New(), nil)
	first, second := sample(t, "1"), sample(t, "2")
	for name, other := range map[string]artifact.Artifact{"other files": second, "the same": first} {
		ref := release
		ref.Repository = "acme/" + strings.ReplaceAll(name, " ", "-")
		raced := false
		o := Options{Transport: by(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(w, r)
			if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/manifests/"+ref.Tag) || raced {
				return
			}
			raced = true
			if _, err := Push(r.Context(), ref, other, Options{Overwrite: true, Transport: by(handler)}); err != nil {
				t.Error(err)
			}
		}))}
		got, err := Push(context.Background(), ref, first, o)
		taken, isTaken := errors.AsType[*TakenError](err)
		switch {
		case !raced:
			t.Errorf("%s: nobody pushed in between", name)
		case other.Digest() == first.Digest() && (err != nil || got.Kept || got.Digest != first.Digest()):
			t.Errorf("%s: %+v, %v", name, got, err)
		case other.Digest() != first.Digest() && (!isTaken || taken.Digest != second.Digest()):
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
