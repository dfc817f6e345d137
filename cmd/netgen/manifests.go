package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"netgen.dev/gen"
	"netgen.dev/internal/foreign"
	"netgen.dev/proof/manifest"
	"netgen.dev/proof/workloads"
)

// manifestTypes are the names of files of manifests, by their ends.
var manifestTypes = []string{".yaml", ".yml", ".json"}

// readManifests reads the manifests of a directory, of a file, or of standard
// input with -. None where name is empty.
func (a *app) readManifests(name string) (*manifest.Cluster, error) {
	if name == "" {
		return nil, nil
	}
	var files []manifest.File
	var err error
	if name == "-" {
		files = []manifest.File{{Name: foreign.Stdin}}
		files[0].Data, err = a.readStream(name)
	} else {
		files, err = a.manifestFiles(name)
	}
	if err != nil {
		return nil, err
	}
	cluster, err := manifest.ReadCluster(files)
	if err != nil {
		return nil, err
	}
	if len(cluster.Workloads) == 0 {
		// What a command that failed has printed is no cluster without pods.
		return nil, fmt.Errorf("--manifests %s: there is no workload in it", name)
	}
	return cluster, nil
}

// manifestFiles reads a file, or those below a directory, sorted. Hidden
// directories are left out. Names are shown relative to the working directory.
func (a *app) manifestFiles(name string) ([]manifest.File, error) {
	top, err := a.path(name)
	if err != nil {
		return nil, err
	}
	if filepath.IsAbs(name) {
		if base, err := a.path("."); err == nil {
			if rel, err := filepath.Rel(base, name); err == nil && filepath.IsLocal(rel) {
				name = rel
			}
		}
	}
	if top, err = filepath.EvalSymlinks(top); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	}
	shown := filepath.ToSlash(name)
	fi, err := os.Stat(top)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	case fi.IsDir():
		return filesBelow(top, shown)
	}
	data, err := (&foreign.Reader{}).File(top, shown)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return []manifest.File{{Name: shown, Data: data}}, nil
}

// filesBelow reads the manifests below a directory. A link is followed to a file
// that is below it, too: a mounted ConfigMap is made of links. One that leads out
// is refused, since whoever wrote the directory would choose what else is read.
func filesBelow(top, shown string) ([]manifest.File, error) {
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", shown, reason(err))
	}
	defer func() { _ = root.Close() }() // opened for reading only
	var out []manifest.File
	in := &foreign.Reader{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && d.Name()[0] == '.':
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(manifestTypes, path.Ext(name)):
			return nil
		}
		if fi, err := root.Stat(filepath.FromSlash(name)); err == nil && fi.IsDir() {
			return nil // a link to one
		}
		file := path.Join(shown, name)
		data, err := in.Regular(root, filepath.FromSlash(name), file)
		if err != nil {
			return unreadable(file, err)
		}
		out = append(out, manifest.File{Name: file, Data: data})
		return nil
	})
	return out, err
}

// withWorkloads adds to the outcome for environment i of a topology what the
// workloads of a cluster are like.
func (p *proved) withWorkloads(c *gen.Checked, i int, cluster *manifest.Cluster) {
	if cluster == nil {
		return
	}
	others := slices.Delete(slices.Clone(c.Models), i, i+1)
	list, held := workloads.Check(c.Models[i], c.Locate, cluster, others...)
	p.findings = append(p.findings, list...)
	p.line += "; " + count(held, "workload")
}
