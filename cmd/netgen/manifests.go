package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"netgen.dev/gen"
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
		files = []manifest.File{{Name: "<stdin>"}}
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
	var out []manifest.File
	err = filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(top, file)
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != top && d.Name()[0] == '.':
			return fs.SkipDir
		case d.IsDir() || file != top && !slices.Contains(manifestTypes, filepath.Ext(file)):
			return nil
		}
		// A link is followed to a file: a mounted ConfigMap is made of links.
		// Whatever is no file would be waited for.
		shown := path.Join(filepath.ToSlash(name), filepath.ToSlash(inside))
		switch fi, err := os.Stat(file); {
		case err != nil:
			return err
		case fi.IsDir():
			return nil
		case !fi.Mode().IsRegular():
			return fmt.Errorf("%s is not a regular file", shown)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		out = append(out, manifest.File{Name: shown, Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	}
	return out, nil
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
