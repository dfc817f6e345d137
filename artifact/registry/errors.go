package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// TakenError says that a version has other files already.
type TakenError struct {
	Reference Reference
	Digest    string // of what the version names
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s is %s already, which holds other files", e.Reference, e.Digest)
}

var (
	// ErrCredentials says that whoever pushes may not, or is not known.
	ErrCredentials = errors.New("the registry wants other credentials")
	// ErrPlainHTTP says that the registry does not speak TLS.
	ErrPlainHTTP = errors.New("the registry speaks plain HTTP")
)

// failure is a failure in the user's words, with what it is.
type failure struct {
	text string
	is   error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.is }

// explain words what went wrong. Addresses are left out, but for that of the
// registry: those that a registry makes for an upload hold its own secrets.
func explain(ctx context.Context, ref Reference, err error) error {
	if err == nil {
		return nil
	}
	if taken, ok := errors.AsType[*TakenError](err); ok {
		return taken
	}
	failed := func(is error, format string, args ...any) error {
		return &failure{"registry " + ref.Registry + ": " + fmt.Sprintf(format, args...), is}
	}
	if ctx.Err() != nil {
		// Whatever broke off, it is because somebody stopped it.
		return failed(ctx.Err(), "%s", map[bool]string{true: "no answer in time", false: "interrupted"}[errors.Is(ctx.Err(), context.DeadlineExceeded)])
	}
	if response, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return answered(failed, ref, response)
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return failed(ErrCredentials, "it wants credentials, and there are none for it")
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return failed(err, "there is no such host")
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return failed(ErrPlainHTTP, "it speaks plain HTTP, which anybody on the way can change")
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return failed(err, "its certificate is of an authority that this machine does not trust: %s", unknown)
	}
	for sent, ok := errors.AsType[*url.Error](err); ok; sent, ok = errors.AsType[*url.Error](err) {
		err = sent.Err
	}
	return failed(err, "%s", err)
}

// answered words what a registry answered.
func answered(failed func(is error, format string, args ...any) error, ref Reference, response *errcode.ErrorResponse) error {
	said := http.StatusText(response.StatusCode)
	if len(response.Errors) > 0 {
		said = response.Errors.Error()
	}
	// Who is at the other end may be anybody.
	if len(said) > 300 {
		said = said[:300] + "…"
	}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return failed(ErrCredentials, "it does not take these credentials: %s", said)
	case http.StatusForbidden:
		return failed(ErrCredentials, "these credentials may not push to %s: %s", ref.Repository, said)
	case http.StatusNotFound:
		return failed(response, "it has no repository %s to push to: %s", ref.Repository, said)
	}
	return failed(response, "it answered %d: %s", response.StatusCode, said)
}
