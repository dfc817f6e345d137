package revision

import (
	"io"
	"strings"
	"testing"
)

// TestBounded copies as os/exec does.
func TestBounded(t *testing.T) {
	b := bounded{left: 10}
	if _, err := io.Copy(&b, strings.NewReader("0123456789")); err != nil || b.kept.String() != "0123456789" {
		t.Errorf("%q, %v", b.kept.String(), err)
	}
	if n, err := io.Copy(&b, io.LimitReader(endless{}, 1<<30)); err == nil || n > 1<<20 || b.kept.Len() > 10 {
		t.Errorf("%d bytes are kept, %v", b.kept.Len(), err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
