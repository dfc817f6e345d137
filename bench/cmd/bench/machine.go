package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// tools are the programs that are measured, by their names.
type tools map[string]string

// buildTools builds all of them, as they are built for people, into a directory.
func buildTools(ctx context.Context, root, dir string) (tools, error) {
	bench := filepath.Join(root, "bench")
	out := tools{}
	for _, t := range []struct{ name, module, pkg string }{
		{"netgen", root, "./cmd/netgen"},
		{"launch", bench, "./cmd/launch"},
		{"empty", bench, "./peers/empty"},
		{"evaluate", bench, "./peers/evaluate"},
		{"cue", bench, "cuelang.org/go/cmd/cue"},
		{"kustomize", bench, "sigs.k8s.io/kustomize/kustomize/v5"},
		{"netpolanalyzer", filepath.Join(bench, "netpolanalyzer"), "."},
	} {
		out[t.name] = filepath.Join(dir, t.name)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", out[t.name], t.pkg)
		cmd.Dir = t.module
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building %s: %w\n%s", t.name, err, text)
		}
	}
	return out, nil
}

// versions returns what was compared with what.
func versions(ctx context.Context, root string) ([]string, error) {
	out := []string{runtime.Version()}
	for dir, modules := range map[string][]string{
		"bench": {
			"cuelang.org/go", "sigs.k8s.io/kustomize/kustomize/v5", "sigs.k8s.io/kustomize/api",
			"github.com/mattfenwick/cyclonus", "sigs.k8s.io/kube-network-policies", "github.com/spf13/cobra",
		},
		"bench/netpolanalyzer": {"github.com/np-guard/netpol-analyzer"},
	} {
		cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-m", "-f", "{{.Path}} {{.Version}}"}, modules...)...)
		cmd.Dir = filepath.Join(root, filepath.FromSlash(dir))
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("listing the versions of %s: %w", dir, err)
		}
		out = append(out, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	return out, nil
}

// machine says what the run was on.
func machine() string {
	model := "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	memory := ""
	info, _ = os.ReadFile("/proc/meminfo")
	if fields := bytes.Fields(info); len(fields) > 1 {
		var kib int
		if _, err := fmt.Sscan(string(fields[1]), &kib); err == nil {
			memory = fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%s/%s, %d cores of %s%s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), model, memory)
}

// load returns how busy the machine is.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
