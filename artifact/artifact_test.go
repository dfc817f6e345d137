package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func sample() map[string][]byte {
	return map[string][]byte{
		"shop/netgen.lock":                     []byte("{}\n"),
		"shop/base/shop/backend.yaml":          []byte("kind: NetworkPolicy\n"),
		"shop/overlays/prod/shop/backend.yaml": []byte("kind: NetworkPolicy\n"),
		"shop-2/netgen.lock":                   {},
	}
}

func mustPack(t *testing.T, files map[string][]byte, annotations map[string]string) Artifact {
	t.Helper()
	a, err := Pack(files, annotations)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// entries lists an archive, with all that a header says.
func entries(t *testing.T, layer []byte) []string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(layer))
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "" || z.Comment != "" || !z.ModTime.IsZero() || z.Extra != nil {
		t.Errorf("the header of gzip says more than the format: %+v", z.Header)
	}
	var out []string
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 0 || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || len(h.PAXRecords) > 0 {
			t.Errorf("%s: its header says who made it or when: %+v", h.Name, h)
		}
		out = append(out, fmt.Sprintf("%c %04o %s %q", h.Typeflag, h.Mode, h.Name, data))
	}
}

func TestLayer(t *testing.T) {
	want := []string{
		`5 0755 shop/ ""`,
		`5 0755 shop-2/ ""`,
		`0 0644 shop-2/netgen.lock ""`,
		`5 0755 shop/base/ ""`,
		`5 0755 shop/base/shop/ ""`,
		`0 0644 shop/base/shop/backend.yaml "kind: NetworkPolicy\n"`,
		`0 0644 shop/netgen.lock "{}\n"`,
		`5 0755 shop/overlays/ ""`,
		`5 0755 shop/overlays/prod/ ""`,
		`5 0755 shop/overlays/prod/shop/ ""`,
		`0 0644 shop/overlays/prod/shop/backend.yaml "kind: NetworkPolicy\n"`,
	}
	if diff := cmp.Diff(want, entries(t, mustPack(t, sample(), nil).Layer.Content)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestManifest(t *testing.T) {
	a := mustPack(t, sample(), map[string]string{"org.opencontainers.image.revision": "main@sha1:c0ffee"})
	var m ocispec.Manifest
	if err := json.Unmarshal(a.Manifest.Content, &m); err != nil {
		t.Fatal(err)
	}
	if m.SchemaVersion != 2 || m.MediaType != "application/vnd.oci.image.manifest.v1+json" || m.Subject != nil {
		t.Errorf("%s", a.Manifest.Content)
	}
	if m.Config.MediaType != "application/vnd.cncf.flux.config.v1+json" || m.Config.Digest != a.Config.Digest {
		t.Errorf("the configuration is %+v", m.Config)
	}
	if len(m.Layers) != 1 || m.Layers[0].MediaType != "application/vnd.oci.image.layer.v1.tar+gzip" || m.Layers[0].Digest != a.Layer.Digest {
		t.Errorf("the layers are %+v", m.Layers)
	}
	if m.Annotations["org.opencontainers.image.revision"] != "main@sha1:c0ffee" {
		t.Errorf("the annotations are %v", m.Annotations)
	}
	for _, b := range []Blob{a.Manifest, a.Config, a.Layer} {
		if b.Size != int64(len(b.Content)) || b.Digest.Algorithm().FromBytes(b.Content) != b.Digest {
			t.Errorf("%s is not what its descriptor says", b.MediaType)
		}
	}
	if a.Digest() != a.Manifest.Digest.String() {
		t.Error("an artifact is pinned by its manifest")
	}
}

// TestSameDigest sees that the digest says what is in an artifact and nothing
// else.
func TestSameDigest(t *testing.T) {
	noted := map[string]string{"a": "1", "b": "2"}
	first := mustPack(t, sample(), noted)
	for range 20 { // maps have another order each time
		if again := mustPack(t, sample(), map[string]string{"b": "2", "a": "1"}); again.Digest() != first.Digest() {
			t.Fatal("the same is another artifact")
		}
	}
	other := mustPack(t, sample(), map[string]string{"a": "1"})
	if other.Digest() == first.Digest() || other.Layer.Digest != first.Layer.Digest {
		t.Error("annotations are part of the artifact, and not of its layer")
	}
	same, err := first.HoldsSame(other.Manifest.Content)
	if err != nil || !same {
		t.Errorf("other annotations are not other files: %v %v", same, err)
	}
	for name, change := range map[string]func(map[string][]byte){
		"content": func(f map[string][]byte) { f["shop/netgen.lock"] = []byte("{ }\n") },
		"more":    func(f map[string][]byte) { f["shop/a"] = nil },
		"less":    func(f map[string][]byte) { delete(f, "shop-2/netgen.lock") },
		"moved": func(f map[string][]byte) {
			f["shop-3/netgen.lock"] = f["shop-2/netgen.lock"]
			delete(f, "shop-2/netgen.lock")
		},
	} {
		files := sample()
		change(files)
		changed := mustPack(t, files, noted)
		same, err := first.HoldsSame(changed.Manifest.Content)
		if changed.Digest() == first.Digest() || same || err != nil {
			t.Errorf("%s: taken for the same: %v %v", name, same, err)
		}
	}
	foreign := strings.Replace(string(first.Manifest.Content), string(first.Layer.Digest), "sha256:"+strings.Repeat("e", 64), 1)
	if same, err := first.HoldsSame([]byte(foreign)); same || err != nil {
		t.Errorf("a layer of somebody else's under our configuration is taken for the same: %v", err)
	}
	for _, manifest := range []string{"", "[]", `{"layers":1}`} {
		if same, err := first.HoldsSame([]byte(manifest)); same || err == nil {
			t.Errorf("%q is taken for a manifest", manifest)
		}
	}
	if same, err := first.HoldsSame([]byte(`{}`)); same || err != nil {
		t.Errorf("another kind of artifact is taken for the same: %v", err)
	}
}

func TestPackRefuses(t *testing.T) {
	for _, tt := range []struct {
		files map[string][]byte
		want  string
	}{
		{nil, "no file"},
		{map[string][]byte{"../x": nil}, "cannot be the path"},
		{map[string][]byte{"/x": nil}, "cannot be the path"},
		{map[string][]byte{"a//b": nil}, "cannot be the path"},
		{map[string][]byte{"a/": nil}, "cannot be the path"},
		{map[string][]byte{".": nil}, "cannot be the path"},
		{map[string][]byte{"a": nil, "a/b": nil}, `"a" is a file and a directory`},
	} {
		if _, err := Pack(tt.files, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.files, err, tt.want)
		}
	}
}
