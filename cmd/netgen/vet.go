package main

import (
	"github.com/spf13/cobra"
)

func (a *app) vetCommand() *cobra.Command {
	var in inputs
	cmd := &cobra.Command{
		Use:   "vet [DIR...]",
		Short: "Check topologies",
		Long: `Check the topologies in directories, the working directory by default. DIR/...
is every topology below DIR.

vet says nothing when there is nothing to say. Errors make it exit with 1;
warnings do not. Findings go to standard error as text, and to standard output
in any other format.`,
		Example: `  netgen vet topologies/shop
  netgen vet ./... --format json`,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := a.check(args, &in)
			if err != nil {
				return err
			}
			a.expiries(set)
			w := a.err
			if in.format.value != "text" {
				w = a.out
			}
			return a.show(w, set.list, &in, set.sources)
		},
	}
	in.register(cmd)
	return cmd
}
