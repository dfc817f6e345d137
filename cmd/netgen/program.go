package main

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// programName returns what users call the program, by the name of its file:
// kubectl and Flux run kubectl-netgen and flux-netgen as a command of their own.
func programName(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), ".exe")
	switch name {
	case "kubectl-netgen", "flux-netgen":
		return strings.Replace(name, "-", " ", 1)
	}
	return "netgen"
}

// rename makes the help of a command, and of those below it, speak of the
// program as users call it. Messages go on to begin with "netgen:".
func rename(root *cobra.Command, name string) {
	if name == root.Name() {
		return
	}
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: name}
	var commands []string
	for _, cmd := range root.Commands() {
		commands = append(commands, cmd.Name())
	}
	// Where help shows a command line, as in "netgen build", and not where it
	// speaks of netgen.
	line := regexp.MustCompile(`\bnetgen (` + strings.Join(commands, "|") + `)\b`)
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		cmd.Long = line.ReplaceAllString(cmd.Long, name+" $1")
		cmd.Example = line.ReplaceAllString(cmd.Example, name+" $1")
		for _, c := range cmd.Commands() {
			each(c)
		}
	}
	each(root)
}
