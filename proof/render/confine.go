package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	goyaml "go.yaml.in/yaml/v3"

	"netgen.dev/diag"
	"netgen.dev/internal/foreign"
)

// Kustomize fetches what is not in the tree: with an address for a file it asks
// that server, and with one for a directory it has git clone it, on the disk. There
// is no option against it. Whoever writes a kustomization would have whoever proves
// something of it call any server, so all that can be an address is refused before.

// Names are the names that a kustomization can have, in the order in which
// Kustomize looks for them.
var Names = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// confined refuses a tree of which the kustomization in dir, or one that it uses,
// leads out.
func confined(tree map[string][]byte, dir string) error {
	return (&confinement{tree: tree, seen: map[string]bool{}}).directory(path.Clean(dir))
}

type confinement struct {
	tree map[string][]byte
	seen map[string]bool
}

func (c *confinement) directory(dir string) error {
	if c.seen[dir] {
		return nil
	}
	c.seen[dir] = true
	for _, name := range Names {
		file := path.Join(dir, name)
		data, ok := c.tree[file]
		if !ok {
			continue
		}
		if err := c.kustomization(dir, data); err != nil {
			return foreign.In(file, err)
		}
	}
	return nil
}

func (c *confinement) kustomization(dir string, data []byte) error {
	dec := goyaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc goyaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return foreign.Malformed(1, err)
		case len(doc.Content) == 0 || doc.Content[0].Kind != goyaml.MappingNode:
			continue // Kustomize says what it makes of it
		}
		fields := doc.Content[0].Content
		for i := 0; i+1 < len(fields); i += 2 {
			if err := c.field(dir, fields[i].Value, fields[i+1]); err != nil {
				return err
			}
		}
	}
}

// The fields that list files or directories; those of which files are plug-ins,
// which may name files in turn; and those whose values are no names of files.
// Kustomize does not mind their case.
var (
	lists   = []string{"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators"}
	plugins = []string{"generators", "transformers", "validators"}
	said    = []string{"metadata", "commonAnnotations", "commonLabels", "labels", "annotations", "literals", "options"}
)

func among(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// field refuses what a field of a kustomization would fetch.
func (c *confinement) field(dir, name string, value *goyaml.Node) error {
	switch {
	case among(said, name):
		return nil
	case !among(lists, name):
		return local(value)
	}
	for _, entry := range value.Content {
		inline := strings.Contains(entry.Value, "\n")
		if !inline && !isLocal(entry.Value) {
			return fetched(entry)
		}
		target := path.Join(dir, entry.Value)
		plugin := []byte(entry.Value)
		if data, ok := c.tree[target]; ok && !inline {
			plugin = data
		} else if !inline {
			if err := c.directory(target); err != nil {
				return err
			}
		}
		if among(plugins, name) && address.Match(plugin) {
			return fetched(entry)
		}
	}
	return nil
}

var (
	address = regexp.MustCompile(`(?i)\bhttps?:`)
	// file is an address where the name of a file may be, perhaps after its key.
	file = regexp.MustCompile(`(?i)(^|=)\s*https?:`)
)

// isLocal reports whether an entry can only be a path. Of what git takes for a
// repository, all has a host, and that a colon or a user, but for one.
func isLocal(entry string) bool {
	const github = "github.com"
	return !strings.ContainsAny(entry, `:@\`) && (len(entry) < len(github) || !strings.EqualFold(entry[:len(github)], github))
}

// local refuses addresses below a field.
func local(n *goyaml.Node) error {
	if n.Kind == goyaml.ScalarNode && !strings.Contains(n.Value, "\n") && file.MatchString(n.Value) {
		return fetched(n)
	}
	for i, child := range n.Content {
		if n.Kind == goyaml.MappingNode && i%2 == 1 && among(said, n.Content[i-1].Value) {
			continue
		}
		if err := local(child); err != nil {
			return err
		}
	}
	return nil
}

func fetched(n *goyaml.Node) error {
	const most = 100
	shown := n.Value
	if len(shown) > most {
		shown = strings.ToValidUTF8(shown[:most], "") + "…"
	}
	return &foreign.Error{Diagnostic: diag.Diagnostic{
		Code: diag.Network, Severity: diag.Error, Pos: diag.Pos{Line: n.Line},
		Message: fmt.Sprintf("Kustomize would fetch %q, and netgen fetches nothing", shown),
		Hint:    "render it where that is trusted, as kustomize build does, and hand over what it prints",
	}}
}
