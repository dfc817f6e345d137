// Package programs builds the programs that the tests start, each a module of its
// own, since the API server and Calico need different versions of the same
// libraries.
package programs

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The variables that hold the paths of what All builds.
const (
	APIServer = "NETGEN_E2E_APISERVER"
	Felix     = "NETGEN_E2E_FELIX"
	CRDs      = "NETGEN_E2E_CRDS" // of Calico, a directory
)

// All builds all programs, whose modules are below dir, and returns where they are
// as variables of the environment.
func All(dir string) ([]string, error) {
	felix := filepath.Join(dir, "felix")
	server, err := build(filepath.Join(dir, "apiserver"))
	if err != nil {
		return nil, err
	}
	agent, err := build(felix)
	if err != nil {
		return nil, err
	}
	calico, err := module(felix, "github.com/projectcalico/calico")
	if err != nil {
		return nil, err
	}
	return []string{
		APIServer + "=" + server,
		Felix + "=" + agent,
		CRDs + "=" + filepath.Join(calico, "libcalico-go", "config", "crd"),
	}, nil
}

// build returns the program of the module in dir, building it where it was not
// built before from the same sources and the same go.sum.
func build(dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum, err := digest(dir)
	if err != nil {
		return "", err
	}
	name := filepath.Base(dir)
	program := filepath.Join(cache, "netgen-e2e", name+"-"+sum)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	fmt.Fprintf(os.Stderr, "building %s, which takes minutes the first time\n", name)
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return "", err
	}
	// Built beside and moved: a build that was stopped leaves no program.
	partial := fmt.Sprintf("%s.%d", program, os.Getpid())
	defer func() { _ = os.Remove(partial) }() // it is moved, or there is none
	if _, err := run(dir, "build", "-trimpath", "-ldflags", "-s -w", "-o", partial, "."); err != nil {
		return "", err
	}
	old, err := filepath.Glob(filepath.Join(filepath.Dir(program), name+"-*"))
	if err != nil {
		return "", err
	}
	if err := os.Rename(partial, program); err != nil {
		return "", err
	}
	for _, other := range old {
		if other != partial {
			_ = os.Remove(other) // of other sources, a hundred megabytes
		}
	}
	return program, nil
}

// module returns the directory of a module that the module in dir requires,
// fetching it where it is not there.
func module(dir, path string) (string, error) {
	out, err := run(dir, "mod", "download", "-json", path)
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return "", fmt.Errorf("what go says of %s: %w", path, err)
	}
	return module.Dir, nil
}

func run(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), dir, err, stderr.String())
	}
	return string(out), nil
}

// digest identifies the sources of a program: its own, and through go.sum those
// of everybody else.
func digest(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range append(files, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")) {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, io.MultiReader(strings.NewReader(filepath.Base(name)+"\n"), f))
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}
