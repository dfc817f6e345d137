// Empty is a program that links what netgen cannot do without, cobra and CUE, and
// does nothing: what it costs to start is what no such program gets below.
package main

import (
	"fmt"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "empty"}
	root.AddCommand(
		&cobra.Command{Use: "version", Run: func(cmd *cobra.Command, _ []string) { cmd.Println("empty") }},
		// So that CUE is linked.
		&cobra.Command{Use: "load DIR", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			value := cuecontext.New().BuildInstance(load.Instances(args, nil)[0])
			_, err := fmt.Fprintln(cmd.OutOrStdout(), value)
			return err
		}},
	)
	cobra.CheckErr(root.Execute())
}
