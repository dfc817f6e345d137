package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	sigsjson "sigs.k8s.io/json"

	"netgen.dev/diag"
)

// request is which policies a program asks for. Whoever may change an
// Application, or a file of a repository, writes it: nothing of it is trusted.
type request struct {
	environment string
	directory   string            // slash-separated, perhaps with ... at its end
	tags        map[string]string // values of CUE @tags
}

// unsafeError is a request that netgen refuses for safety.
type unsafeError struct{ error }

func unsafef(format string, args ...any) error { return unsafeError{fmt.Errorf(format, args...)} }

// refusal says what was refused for safety, and returns the error that the
// command ends with.
func (a *app) refusal(err error) error {
	if _, ok := errors.AsType[unsafeError](err); ok {
		a.say("error: %s", diag.Clean(err.Error()))
		return errRefused
	}
	return err
}

// injected returns the tags as the loader takes them, always in the same order.
func (r request) injected() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(r.tags)) {
		out = append(out, key+"="+r.tags[key])
	}
	return out
}

// parameter is one of ARGOCD_APP_PARAMETERS, as Argo CD marshals it: one of the
// three values is there.
type parameter struct {
	Name   string            `json:"name"`
	String *string           `json:"string"`
	Array  []string          `json:"array"`
	Map    map[string]string `json:"map"`
}

const (
	appParameters = "ARGOCD_APP_PARAMETERS"
	variables     = "ARGOCD_ENV_NETGEN_" // what a user calls NETGEN_… in spec.source.plugin.env
)

// pluginRequest reads a request from the environment of a plug-in: the
// parameters, and the variables for what these do not say.
func pluginRequest(environ []string) (request, error) {
	req := request{directory: ".", tags: map[string]string{}}
	env := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); name == appParameters || strings.HasPrefix(name, variables) {
			env[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		var err error
		key, isTag := strings.CutPrefix(name, variables+"TAG_")
		switch {
		case name == appParameters:
		case name == variables+"ENVIRONMENT":
			err = req.setEnvironment(shownVariable(name), env[name])
		case name == variables+"DIRECTORY":
			err = req.setDirectory(shownVariable(name), env[name])
		case isTag:
			err = req.setTag(shownVariable(variables+"TAG_…"), key, env[name])
		default:
			err = fmt.Errorf("there is no variable %s: netgen knows NETGEN_ENVIRONMENT, NETGEN_DIRECTORY and NETGEN_TAG_<key>",
				clip(shownVariable(name)))
		}
		if err != nil {
			return request{}, err
		}
	}
	return req, req.setParameters(env[appParameters])
}

// shownVariable is what whoever wrote a variable calls it.
func shownVariable(name string) string { return strings.TrimPrefix(name, "ARGOCD_ENV_") }

// setParameters reads the list that Argo CD passes, which is null where an
// Application has no parameters.
func (r *request) setParameters(list string) error {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	var parameters []parameter
	switch strict, err := sigsjson.UnmarshalStrict([]byte(list), &parameters); {
	case err != nil:
		return fmt.Errorf("%s is no list of parameters", appParameters)
	case len(strict) > 0:
		return fmt.Errorf("%s: a parameter has a field that netgen does not know, or one twice", appParameters)
	}
	seen := map[string]bool{}
	for _, p := range parameters {
		what := "the parameter " + clip(p.Name)
		if seen[p.Name] {
			return fmt.Errorf("%s is there twice", what)
		}
		seen[p.Name] = true
		var err error
		switch p.Name {
		case "environment", "directory":
			if len(p.Array) > 0 || len(p.Map) > 0 {
				return fmt.Errorf("%s is a string", what)
			}
			if p.String == nil {
				continue
			}
			if p.Name == "environment" {
				err = r.setEnvironment(what, *p.String)
			} else {
				err = r.setDirectory(what, *p.String)
			}
		case "tags":
			if len(p.Array) > 0 || p.String != nil && *p.String != "" {
				return fmt.Errorf("%s is a map", what)
			}
			for _, key := range slices.Sorted(maps.Keys(p.Map)) {
				if err := r.setTag(what, key, p.Map[key]); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("there is no parameter %q: netgen knows environment, directory and tags", clip(p.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setEnvironment takes the name of an environment. An empty one, which a form
// sends for a field that nobody filled in, says nothing.
func (r *request) setEnvironment(what, value string) error {
	if value == "" {
		return nil
	}
	r.environment = value
	return visible(what, value)
}

// setDirectory takes the directory of the topology below that of the Application.
func (r *request) setDirectory(what, value string) error {
	if value == "" {
		return nil
	}
	if err := visible(what, value); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(value, "/") || filepath.IsAbs(value):
		return unsafef("%s is absolute: %s: name a directory below that of the Application", what, clip(value))
	case slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return r == '/' || r == '\\' }), ".."):
		return unsafef("%s has a \"..\": %s: name a directory below that of the Application", what, clip(value))
	}
	r.directory = value
	return nil
}

// tagKey is what a CUE @tag can be called, and no flag.
var tagKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func (r *request) setTag(what, key, value string) error {
	if !tagKey.MatchString(key) || len(key) > maxValue {
		return fmt.Errorf("%s: %q cannot be the key of a CUE @tag", what, clip(key))
	}
	if err := visible(what+": the value of "+clip(key), value); err != nil {
		return err
	}
	r.tags[key] = value
	return nil
}

// maxValue is longer than any name, path or value that is meant.
const maxValue = 4096

// visible refuses what would not show in a message, or fill it.
func visible(what, value string) error {
	switch {
	case len(value) > maxValue:
		return fmt.Errorf("%s is longer than %d bytes", what, maxValue)
	case diag.Clean(value) != value || strings.Contains(value, "\t"):
		return fmt.Errorf("%s has control characters, or ones that do not show", what)
	}
	return nil
}
