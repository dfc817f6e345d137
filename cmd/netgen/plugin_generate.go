package main

import (
	"os"

	"github.com/spf13/cobra"

	"netgen.dev/diag"
)

// pluginCommand groups what other programs call. netgen plugin generate is the
// whole of a config management plug-in of Argo CD.
func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Render policies for Argo CD",
		Long: `Render policies as a config management plug-in of Argo CD.

People use netgen build; this is for deploy/argocd/plugin.yaml.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("%s has no command %q", cmd.CommandPath(), args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(guarded(a.pluginGenerateCommand(), "ARGOCD_*"))
	return cmd
}

func (a *app) pluginGenerateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Print the policies of an Application",
		Long: `Print the policies of one environment, as netgen build DIR --env NAME -o - does.
What to print is said by the parameters of the Application:

  environment   string   which environment; needed where there are several
  directory     string   of the topology, below that of the Application, which is
                         the default; DIR/... is every topology below DIR
  tags          map      values of CUE @tags, by their keys

Argo CD passes them in ARGOCD_APP_PARAMETERS. What is not there is taken from the
variables of the plug-in: NETGEN_ENVIRONMENT, NETGEN_DIRECTORY and
NETGEN_TAG_<key>, which Argo CD passes with ARGOCD_ENV_ before them. The
repository is found by ARGOCD_APP_SOURCE_PATH, and by its .git where that is not set.

Nothing of this is trusted. A directory is relative and has no ".."; no link leads
out of the Application's; what netgen does not know is an error. A CUE module may
start above the Application's directory, but not above the repository.

Standard output is the policies or nothing, and printing none is an error: pruning
would delete all there are. Standard error is short, since Argo CD shows it: the
first findings, at their places in the repository. netgen needs no shell, no home
directory, no .git, no network and no cache, and writes no file.`,
		Example: `  ARGOCD_ENV_NETGEN_ENVIRONMENT=prod netgen -C topologies/shop plugin generate`,
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return a.refusal(clipError(a.pluginGenerate())) },
	}
}

func (a *app) pluginGenerate() error {
	req, err := pluginRequest(os.Environ())
	if err != nil {
		return err
	}
	cwd, err := a.workingDirectory()
	if err != nil {
		return err
	}
	data, list, err := a.renderRequest(findSource(cwd, os.Getenv("ARGOCD_APP_SOURCE_PATH")), req)
	if err != nil {
		return err
	}
	if err := a.showFirst(list); err != nil {
		return err
	}
	return a.printObjects(data)
}

// showFirst shows the first findings, and without the lines of the source: what
// shows them has no fixed width.
func (a *app) showFirst(list diag.List) error {
	shown, more := first(list)
	if err := diag.Render(a.err, shown, diag.Options{Format: "text", Color: a.colored(a.err)}); err != nil {
		return err
	}
	if more > 0 {
		a.say("and %s more: netgen vet shows all", count(more, "finding"))
	}
	switch {
	case list.Refused():
		return errRefused
	case list.Failed():
		return errFindings
	}
	return nil
}
