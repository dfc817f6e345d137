package kustomize

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// appendPolicy appends p as YAML, byte for byte as sigs.k8s.io/yaml and
// therefore kubectl and Kustomize write it, at about a hundredth of the cost.
// It writes what netgen emits: an object without status or further metadata.
func appendPolicy(b []byte, p *networkingv1.NetworkPolicy) []byte {
	b = append(b, "apiVersion: "+p.APIVersion+"\nkind: "+p.Kind+"\nmetadata:\n"...)
	b = appendMap(b, "  annotations", p.Annotations)
	b = appendMap(b, "  labels", p.Labels)
	b = appendPair(b, "  ", "name", p.Name)
	b = appendPair(b, "  ", "namespace", p.Namespace)
	b = append(b, "spec:\n"...)
	if len(p.Spec.Egress) > 0 {
		b = append(b, "  egress:\n"...)
		for _, r := range p.Spec.Egress {
			b = appendRule(b, r.Ports, "to", r.To, false)
		}
	}
	if len(p.Spec.Ingress) > 0 {
		b = append(b, "  ingress:\n"...)
		for _, r := range p.Spec.Ingress {
			b = appendRule(b, r.Ports, "from", r.From, true)
		}
	}
	b = appendSelector(b, "  ", "podSelector", &p.Spec.PodSelector)
	b = append(b, "  policyTypes:\n"...)
	for _, t := range p.Spec.PolicyTypes {
		b = append(b, "  - "+string(t)+"\n"...)
	}
	return b
}

// appendRule appends one element of a list of rules. The API's fields are
// written in alphabetical order: from before ports, ports before to.
func appendRule(b []byte, ports []networkingv1.NetworkPolicyPort, field string, peers []networkingv1.NetworkPolicyPeer, peersFirst bool) []byte {
	if len(ports) == 0 && len(peers) == 0 {
		return append(b, "  - {}\n"...)
	}
	lead := "  - "
	if peersFirst {
		b, lead = appendPeers(b, lead, field, peers)
	}
	if len(ports) > 0 {
		b = append(b, lead+"ports:\n"...)
		lead = "    "
		for _, p := range ports {
			b = appendPort(b, p)
		}
	}
	if !peersFirst {
		b, _ = appendPeers(b, lead, field, peers)
	}
	return b
}

func appendPort(b []byte, p networkingv1.NetworkPolicyPort) []byte {
	lead := "    - "
	if p.EndPort != nil {
		b = append(b, lead+"endPort: "...)
		b = strconv.AppendInt(b, int64(*p.EndPort), 10)
		b = append(b, '\n')
		lead = "      "
	}
	b = append(b, lead+"port: "...)
	b = strconv.AppendInt(b, int64(p.Port.IntVal), 10)
	return append(b, "\n      protocol: "+string(*p.Protocol)+"\n"...)
}

func appendPeers(b []byte, lead, field string, peers []networkingv1.NetworkPolicyPeer) (out []byte, next string) {
	if len(peers) == 0 {
		return b, lead
	}
	b = append(b, lead+field+":\n"...)
	for _, p := range peers {
		if p.IPBlock != nil {
			b = append(b, "    - ipBlock:\n"...)
			b = appendPair(b, "        ", "cidr", p.IPBlock.CIDR)
			b = appendList(b, "        ", "except", p.IPBlock.Except)
			continue
		}
		b = append(b, "    - "...)
		b = appendSelector(b, "      ", "namespaceSelector", p.NamespaceSelector)
		b = append(b, "      "...)
		b = appendSelector(b, "      ", "podSelector", p.PodSelector)
	}
	return b, "    "
}

// appendSelector appends a selector. Inside a peer the caller has written the
// indentation of its first line already.
func appendSelector(b []byte, indent, field string, s *metav1.LabelSelector) []byte {
	if len(indent) == 2 {
		b = append(b, indent...)
	}
	if len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 {
		return append(b, field+": {}\n"...)
	}
	b = append(b, field+":\n"...)
	indent += "  "
	if len(s.MatchExpressions) > 0 {
		b = append(b, indent+"matchExpressions:\n"...)
		for _, e := range s.MatchExpressions {
			b = append(b, indent+"- key: "...)
			b = appendScalar(b, e.Key)
			b = append(b, "\n"+indent+"  operator: "+string(e.Operator)+"\n"...)
			b = appendList(b, indent+"  ", "values", e.Values)
		}
	}
	return appendMap(b, indent+"matchLabels", s.MatchLabels)
}

func appendList(b []byte, indent, field string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(b, indent+field+":\n"...)
	for _, v := range values {
		b = append(b, indent+"- "...)
		b = appendScalar(b, v)
		b = append(b, '\n')
	}
	return b
}

// appendMap appends a map of strings below field, which comes with its
// indentation.
func appendMap(b []byte, field string, m map[string]string) []byte {
	if len(m) == 0 {
		return b
	}
	b = append(b, field+":\n"...)
	indent := strings.Repeat(" ", len(field)-len(strings.TrimLeft(field, " "))+2)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = appendPair(b, indent, k, m[k])
	}
	return b
}

func appendPair(b []byte, indent, key, value string) []byte {
	b = append(b, indent...)
	start := len(b)
	b = appendScalar(b, key)
	b = append(b, ": "...)
	switch {
	case plain(value) || !strings.Contains(value, " "):
	case plainText(value):
		return appendFolded(b, start-len(indent), indent, value)
	default:
		return appendText(b[:start], indent, key, value)
	}
	b = appendScalar(b, value)
	return append(b, '\n')
}

// appendScalar appends a string as a YAML scalar on one line.
func appendScalar(b []byte, s string) []byte {
	if plain(s) {
		return append(b, s...)
	}
	out, err := yaml.Marshal(s)
	if err != nil {
		panic("kustomize: a string does not marshal: " + err.Error())
	}
	return append(b, strings.TrimSuffix(string(out), "\n")...)
}

// foldWidth is the column after which YAML folds a text at the next space.
const foldWidth = 80

// appendFolded appends a plain text to a line that starts at b[line], folded
// as YAML folds it.
func appendFolded(b []byte, line int, indent, s string) []byte {
	for i := range len(s) {
		if s[i] == ' ' && len(b)-line > foldWidth {
			b = append(b, '\n')
			line = len(b)
			b = append(b, indent+"  "...)
			continue
		}
		b = append(b, s[i])
	}
	return append(b, '\n')
}

// appendText appends a string that YAML may fold into several lines, with the
// indentation that it has in a document.
func appendText(b []byte, indent, key, value string) []byte {
	doc := any(map[string]string{key: value})
	for n := len(indent); n > 0; n -= 2 {
		doc = map[string]any{"x": doc}
	}
	out, err := yaml.Marshal(doc)
	if err != nil {
		panic("kustomize: a string does not marshal: " + err.Error())
	}
	lines := strings.SplitN(string(out), "\n", len(indent)/2+1)
	return append(b, strings.TrimPrefix(lines[len(lines)-1], indent)...)
}

// plainText reports whether YAML surely needs no quotes for a text of several
// words: letters, digits and punctuation that means nothing inside a line,
// single spaces, a lower-case letter first.
func plainText(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == ' ' || strings.Contains(s, "  ") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(" -./_(),;+", c) >= 0
		if !ok {
			return false
		}
	}
	return true
}

// plain reports whether YAML surely needs no quotes for s: it starts with a
// lower-case letter, goes on with what names, labels and paths are made of, and
// is not among the words that YAML 1.1 takes for something else.
func plain(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		ok := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '/' || c == '_'
		if !ok {
			return false
		}
	}
	switch s {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return true
}
