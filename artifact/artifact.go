// Package artifact packs a tree of files as an OCI artifact that Flux and Argo
// CD both pull: one layer, a tar archive compressed with gzip, under a manifest
// with annotations. The same files and annotations give the same bytes, and so
// the same digest: no clock, no order of a map and no owner of a file is in them.
//
// It knows neither what the files say nor a registry: package registry pushes.
package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ConfigMediaType is what Flux calls the configuration of an artifact. Argo CD
// takes any.
const ConfigMediaType = "application/vnd.cncf.flux.config.v1+json"

// LayerMediaType is the one that Argo CD takes without being configured. Flux
// takes any.
const LayerMediaType = ocispec.MediaTypeImageLayerGzip

// Blob is content with what a registry knows it by.
type Blob struct {
	ocispec.Descriptor
	Content []byte
}

func blob(mediaType string, content []byte) Blob {
	return Blob{ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}, content}
}

// Artifact is what a registry stores.
type Artifact struct {
	Manifest, Config, Layer Blob
}

// Digest is what the artifact is pinned by.
func (a Artifact) Digest() string { return a.Manifest.Digest.String() }

// Pack packs files by their slash-separated paths.
func Pack(files map[string][]byte, annotations map[string]string) (Artifact, error) {
	archive, err := pack(files)
	if err != nil {
		return Artifact{}, err
	}
	var compressed bytes.Buffer
	// A gzip header without a name and a time holds nothing but the format.
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return Artifact{}, err
	}
	if _, err := w.Write(archive); err != nil {
		return Artifact{}, err
	}
	if err := w.Close(); err != nil {
		return Artifact{}, err
	}
	var a Artifact
	a.Layer = blob(LayerMediaType, compressed.Bytes())
	// The configuration is that of an image for no platform. It names the files
	// as they are before compression, which another compressor does not change.
	config, err := json.Marshal(ocispec.Image{
		RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(archive)}},
	})
	if err != nil {
		return Artifact{}, err
	}
	a.Config = blob(ConfigMediaType, config)
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageManifest,
		Config:      a.Config.Descriptor,
		Layers:      []ocispec.Descriptor{a.Layer.Descriptor},
		Annotations: annotations,
	})
	if err != nil {
		return Artifact{}, err
	}
	a.Manifest = blob(ocispec.MediaTypeImageManifest, manifest)
	return a, nil
}

// HoldsSame reports whether a manifest is of the same layer, whatever its
// annotations say. The layer counts and not what the configuration says of it:
// nobody looks whether the two agree.
func (a Artifact) HoldsSame(manifest []byte) (bool, error) {
	var m ocispec.Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return false, fmt.Errorf("not a manifest: %w", err)
	}
	return m.Config.MediaType == ConfigMediaType && m.Config.Digest == a.Config.Digest && m.Subject == nil && m.ArtifactType == "" &&
		len(m.Layers) == 1 && m.Layers[0].MediaType == LayerMediaType && m.Layers[0].Digest == a.Layer.Digest, nil
}

// pack archives files and the directories that they are in, sorted, owned by
// nobody in particular and of no time.
func pack(files map[string][]byte) ([]byte, error) {
	if len(files) == 0 {
		// Whoever applies an empty tree with pruning deletes everything.
		return nil, errors.New("there is no file to pack")
	}
	dirs := map[string]bool{}
	for name := range files {
		if !fs.ValidPath(name) || name == "." {
			return nil, fmt.Errorf("%q cannot be the path of a file in an archive", name)
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	entries := slices.Collect(maps.Keys(files))
	for dir := range dirs {
		if _, ok := files[dir]; ok {
			return nil, fmt.Errorf("%q is a file and a directory", dir)
		}
		entries = append(entries, dir)
	}
	slices.Sort(entries) // a directory sorts before what is in it
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name]))}
		if dirs[name] {
			header = &tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
