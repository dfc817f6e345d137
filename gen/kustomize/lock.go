package kustomize

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"netgen.dev/schema"
)

// LockName is the name of the lock file in the directory of a topology.
const LockName = "netgen.lock"

// Lock says what netgen wrote: a file whose hash still matches is netgen's to
// change or remove, and any other is not. Paths are relative to the directory
// of the lock file.
type Lock struct {
	Generated    string            `json:"generated"` // for people
	Schema       string            `json:"schema"`
	Topology     string            `json:"topology"`
	Version      string            `json:"version"`
	Environments map[string]string `json:"environments"` // digest of the connectivity
	Files        map[string]string `json:"files"`        // Hash of the contents
}

// Hash returns "sha256:" and the SHA-256 of data in hexadecimal.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (s System) lock(files []File) File {
	l := Lock{
		Generated: "by netgen; do not edit",
		Schema:    schema.Language, Topology: s.Name, Version: s.Version,
		Environments: map[string]string{}, Files: make(map[string]string, len(files)),
	}
	for _, env := range s.Environments {
		l.Environments[env.Name] = env.Digest
	}
	for _, f := range files {
		l.Files[strings.TrimPrefix(f.Path, s.Name+"/")] = Hash(f.Data)
	}
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		panic("kustomize: the lock does not marshal: " + err.Error())
	}
	return File{path.Join(s.Name, LockName), append(data, '\n')}
}

var hash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseLock parses a lock file. A lock is not trusted: one that names anything
// outside its directory is refused.
func ParseLock(data []byte) (*Lock, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var l Lock
	if err := dec.Decode(&l); err != nil {
		return nil, fmt.Errorf("not a lock file of netgen: %w", err)
	}
	if dec.More() {
		return nil, errors.New("not a lock file of netgen: something follows it")
	}
	for name, sum := range l.Files {
		if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, `\:`) {
			return nil, fmt.Errorf("the lock file names %q, which is not a path below it", name)
		}
		if !hash.MatchString(sum) {
			return nil, fmt.Errorf("the lock file has no hash of %q", name)
		}
	}
	return &l, nil
}
