package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"sigs.k8s.io/yaml"
)

// recipe is what the Dockerfile does.
type recipe struct {
	copies []file
	config v1.Config
}

// file is a file that is copied into the image.
type file struct {
	from, to string
	mode     int64
}

// readRecipe reads the Dockerfile. What it does not know is an error, so that the
// image here is that of the Dockerfile, and nothing comes from another image: what
// a tag of one stands for can change.
func readRecipe(t *testing.T) recipe {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var r recipe
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch words[0] {
		case "FROM":
			if len(words) != 2 || words[1] != "scratch" {
				t.Fatalf("%s", line)
			}
		case "ARG":
		case "COPY":
			f := file{from: words[len(words)-2], to: words[len(words)-1]}
			for _, flag := range words[1 : len(words)-2] {
				mode, ok := strings.CutPrefix(flag, "--chmod=")
				if !ok {
					t.Fatalf("this test does not know %s", flag)
				}
				if f.mode, err = strconv.ParseInt(mode, 8, 32); err != nil {
					t.Fatal(err)
				}
			}
			r.copies = append(r.copies, f)
		case "ENV":
			r.config.Env = append(r.config.Env, words[1:]...)
		case "USER":
			r.config.User = words[1]
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(strings.Join(words[1:], " ")), &r.config.Entrypoint); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("this test does not know %s", words[0])
		}
	}
	if len(r.copies) == 0 {
		t.Fatalf("nothing is in the image: %+v", r)
	}
	return r
}

// content returns what a file of the image is copied from.
func (f file) content(t *testing.T) []byte {
	t.Helper()
	from := filepath.Join(repository, f.from)
	switch {
	case f.from == "${TARGETPLATFORM}/netgen":
		from = program(t)
	case !slices.Contains(readRelease(t).Images[0].ExtraFiles, f.from):
		t.Errorf("the release does not give %s to the Dockerfile: extra_files", f.from)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// layer archives a file with the directories above it, of no time.
func (f file) layer(t *testing.T) v1.Layer {
	t.Helper()
	data := f.content(t)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	var dirs []string
	for dir := path.Dir(f.to); dir != "/"; dir = path.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
	}
	for _, dir := range dirs {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.to, "/"), Mode: f.mode, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(out.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// assemble puts the image together.
func assemble(t *testing.T) v1.Image {
	t.Helper()
	r := readRecipe(t)
	image := empty.Image
	for _, f := range r.copies {
		var err error
		if image, err = mutate.AppendLayers(image, f.layer(t)); err != nil {
			t.Fatal(err)
		}
	}
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, Config: r.config,
		Created: v1.Time{Time: time.Unix(0, 0).UTC()},
		RootFS:  must(image.ConfigFile()).RootFS,
	})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestImage sees what is in the image, and that it is the same twice.
func TestImage(t *testing.T) {
	first, second := assemble(t), assemble(t)
	if a, b := must(first.Digest()), must(second.Digest()); a != b {
		t.Errorf("the image is %s and %s", a, b)
	}
	config := must(first.ConfigFile()).Config
	if config.User != "999:999" || !slices.Equal(config.Entrypoint, []string{"/usr/local/bin/netgen"}) || !slices.Equal(config.Env, []string{"PATH=/usr/local/bin"}) {
		t.Errorf("%+v", config)
	}
	root := unpack(t, first)
	plugin := must(os.ReadFile(filepath.Join(root, "home/argocd/cmp-server/config/plugin.yaml")))
	var spec struct {
		Kind string
		Spec struct{ Generate struct{ Command []string } }
	}
	if err := yaml.Unmarshal(plugin, &spec); err != nil {
		t.Fatal(err)
	}
	if command := spec.Spec.Generate.Command; spec.Kind != "ConfigManagementPlugin" || len(command) == 0 || command[0] != "netgen" {
		t.Errorf("the plug-in is %+v: its program has to be in the PATH of the image", spec)
	}
	t.Logf("%s, %d bytes of program", must(first.Digest()), must(os.Stat(filepath.Join(root, "usr/local/bin/netgen"))).Size())
}

// unpack writes the image to an archive, as a release does, and unpacks the file
// system that is in the archive.
func unpack(t *testing.T, image v1.Image) string {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(archive, must(name.NewTag("netgen:test")), image); err != nil {
		t.Fatal(err)
	}
	read, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil { //nolint:gosec // the root of a file system
		t.Fatal(err)
	}
	flat := mutate.Extract(read)
	defer flat.Close() //nolint:errcheck // all of it was read
	for r := tar.NewReader(flat); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(to, fs.FileMode(h.Mode))
		} else {
			err = os.WriteFile(to, must(io.ReadAll(r)), fs.FileMode(h.Mode))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
