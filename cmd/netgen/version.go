package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"netgen.dev/internal/guard"
	"netgen.dev/schema"
)

// A release sets these when it is linked; else they are what Go recorded.
var (
	releaseVersion  string // as in 1.4.0
	releaseRevision string
	releaseDate     string // of the commit, never of the build: two builds are the same
)

// versionInfo is what netgen version says.
type versionInfo struct {
	Version  string `json:"version"` // of the module, "(devel)" when built from a clone
	Revision string `json:"revision,omitempty"`
	Date     string `json:"date,omitempty"`     // of the revision
	Modified bool   `json:"modified,omitempty"` // built with uncommitted changes
	Language string `json:"language"`           // of topologies
	CUE      string `json:"cue"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Limits says which of --timeout and --memory hold on this platform.
	Limits guard.Support `json:"limits"`
}

func (a *app) versionCommand() *cobra.Command {
	f := format{"text", []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which netgen this is",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			if f.value == "json" {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(v)
			}
			_, err := fmt.Fprintf(a.out, "netgen %s (language %s, cue %s, %s %s)\n", v.Version, v.Language, v.CUE, v.Go, v.Platform)
			if err == nil && v.Revision != "" {
				_, err = fmt.Fprintf(a.out, "revision %s\n", v.source())
			}
			return err
		},
	}
	cmd.Flags().Var(&f, "format", "text or json")
	choices(cmd, "format", f.allowed)
	return cmd
}

func version() versionInfo {
	v := versionInfo{
		Version: "(devel)", Language: schema.Language, CUE: "(unknown)",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Limits: guard.Supported,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.recorded(info)
	}
	if releaseVersion != "" {
		v.Version, v.Revision, v.Date, v.Modified = releaseVersion, releaseRevision, releaseDate, false
	}
	return v
}

// source says what netgen was built from, in one line.
func (v versionInfo) source() string {
	out := v.Revision
	if v.Date != "" {
		out += " of " + v.Date
	}
	if v.Modified {
		out += ", modified"
	}
	return out
}

// recorded fills in what Go recorded when it built the program.
func (v *versionInfo) recorded(info *debug.BuildInfo) {
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == "cuelang.org/go" {
			v.CUE = dep.Version
		}
	}
}
