package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"netgen.dev/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the topology language as CUE",
		Long: `Print the topology language, a CUE package that topologies import as
` + schema.ImportPath + `.

netgen itself needs no copy: it carries its own. Editors and the cue command
find one in the directory cue.mod/pkg/` + schema.ImportPath + ` of a CUE module.`,
		Example: `  mkdir -p cue.mod/pkg/` + schema.ImportPath + `
  netgen schema > cue.mod/pkg/` + schema.ImportPath + `/topology.cue`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.out, "%s", schema.Source)
			return err
		},
	}
}
