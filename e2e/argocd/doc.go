// Package argocd holds the plug-in of deploy/argocd against Argo CD's own code:
//
//   - Argo CD's CMP server, driven by its own client, runs the built program with
//     deploy/argocd/plugin.yaml, and what it answers is split into objects as
//     argocd-repo-server does.
//   - the component is applied to Argo CD's own manifests with Kustomize.
//   - the examples, those of docs/argocd.md included, are decoded strictly into
//     Argo CD's types, and their parameters given to the plug-in.
//
// The server runs in the process of the test, whose environment is emptied but for
// PATH, so that the program cannot live on what a developer happens to have.
//
// It is a module of its own because Argo CD takes a gigabyte to link. v3.2.12 is
// the newest version whose modules can be had without replacing one by a
// directory; the code of its CMP server is that of later versions.
package argocd
