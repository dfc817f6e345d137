package topology

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/semver"
	"k8s.io/apimachinery/pkg/util/validation"

	"netgen.dev/diag"
)

// maxText is how many characters a text may have.
const maxText = 200

// rules are the rules for strings, by the name that the tags of the model use.
// Where Kubernetes has the rule, it is Kubernetes' own code.
var rules = map[string]func(string) *problem{
	"name":       nameRule,
	"callee":     calleeRule,
	"labelKey":   labelKeyRule,
	"labelValue": labelValueRule,
	"portName":   portNameRule,
	"text":       textRule,
	"version":    versionRule,
	"fqdn":       fqdnRule,
}

func nameRule(s string) *problem {
	if len(validation.IsDNS1123Label(s)) == 0 {
		return nil
	}
	return problemf(diag.Name, "%q is not a name that Kubernetes allows", s).
		withHint("names have at most 63 of a-z, 0-9 and '-', and start and end with a letter or digit")
}

func calleeRule(s string) *problem {
	if s == everyService {
		return nil
	}
	return nameRule(s)
}

func labelKeyRule(s string) *problem {
	if errs := validation.IsQualifiedName(s); len(errs) > 0 {
		return problemf(diag.Label, "%q is not a label key that Kubernetes allows", s).
			withHint(`keys look like "tier" or "example.com/tier"`)
	}
	return nil
}

func labelValueRule(s string) *problem {
	if errs := validation.IsValidLabelValue(s); len(errs) > 0 {
		return problemf(diag.Label, "%q is not a label value that Kubernetes allows", s).
			withHint("values have at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', and start and end with a letter or digit")
	}
	return nil
}

func portNameRule(s string) *problem {
	if len(validation.IsValidPortName(s)) == 0 {
		return nil
	}
	if len(s) > 15 {
		return problemf(diag.PortName, "port name %q has %d characters: Kubernetes allows 15", s, len(s))
	}
	return problemf(diag.PortName, "%q is not a port name that Kubernetes allows", s).
		withHint("port names have at most 15 of a-z, 0-9 and single '-', with a letter among them")
}

// textRule keeps what goes into annotations and reports on one line, without
// characters that act on a terminal, and without what Flux would substitute or CI
// systems would do where the policies are in a log.
func textRule(s string) *problem {
	switch {
	case strings.ContainsAny(s, "\r\n"):
		return problemf(diag.Text, "the text has more than one line")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unseen):
		return problemf(diag.Text, "the text has characters that do not print").
			withHint("write one line of letters, digits, spaces and punctuation")
	case utf8.RuneCountInString(s) > maxText:
		return problemf(diag.Text, "the text has %d characters: at most %d", utf8.RuneCountInString(s), maxText)
	case strings.Contains(s, "${"):
		return problemf(diag.Text, "the text contains ${, which Flux substitutes in what it applies")
	case strings.Contains(s, "$$"):
		return problemf(diag.Text, "the text contains $$, of which Flux makes a single $ where it substitutes")
	case diag.Commands(s):
		return problemf(diag.Text, "the text contains what CI systems take for a command, as ##x[ and ::x:: are")
	}
	return nil
}

// unseen reports whether nothing is seen of a character. CUE has put U+FFFD where
// there were bytes that are none.
func unseen(r rune) bool {
	return !unicode.IsPrint(r) || r == utf8.RuneError || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func versionRule(s string) *problem {
	v := "v" + s
	if !semver.IsValid(v) || semver.Canonical(v)+semver.Build(v) != v {
		return problemf(diag.Version, "%q is not a semantic version", s).withHint(`write it like "1.4.0"`)
	}
	if semver.Build(v) != "" || len(s) > 63 {
		return problemf(diag.Version, "%q does not fit into a label", s).
			withHint("leave out the build metadata, and stay below 64 characters")
	}
	return nil
}

var fqdn = regexp.MustCompile(`^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func fqdnRule(s string) *problem {
	if !fqdn.MatchString(s) {
		return problemf(diag.Name, "%q is not a DNS name", s)
	}
	return nil
}
