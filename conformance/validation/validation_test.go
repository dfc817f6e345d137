// Package validation holds every emitted policy against the API server's own
// validation.
package validation

import (
	"path"
	"reflect"
	"strings"
	"testing"

	"netgen.dev/conformance/internal/apiserver"
	"netgen.dev/conformance/internal/subject"
)

func TestAPIServerAcceptsStreams(t *testing.T) {
	subject.ForEach(t, func(t *testing.T, s *subject.Subject) {
		for _, env := range s.Built.System.Environments {
			t.Run(env.Name, func(t *testing.T) {
				docs := documents(t, s.Stream(t, env.Name))
				if len(docs) != len(env.Policies) || len(docs) == 0 {
					t.Errorf("the stream has %d documents for %d policies", len(docs), len(env.Policies))
				}
				// A second object of one name would overwrite the first.
				seen := map[string]bool{}
				for _, doc := range docs {
					p := accepted(t, doc)
					if p == nil {
						continue
					}
					key := p.Stored.Namespace + "/" + p.Stored.Name
					if seen[key] {
						t.Errorf("%s is in the stream twice", key)
					}
					seen[key] = true
				}
			})
		}
	})
}

func TestAPIServerAcceptsFiles(t *testing.T) {
	subject.ForEach(t, func(t *testing.T, s *subject.Subject) {
		files := 0
		for _, file := range s.Built.Tree {
			if base := path.Base(file.Path); base == "kustomization.yaml" || base == "netgen.lock" {
				continue
			}
			files++
			t.Run(file.Path, func(t *testing.T) {
				for _, doc := range documents(t, file.Data) {
					accepted(t, doc)
				}
			})
		}
		if files == 0 {
			t.Error("the tree has no policy file")
		}
	})
}

func documents(t *testing.T, stream []byte) [][]byte {
	t.Helper()
	docs, err := apiserver.Documents(stream)
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// accepted admits a document and holds it against what a GitOps engine needs:
// where the API server completes what is written, each comparison of the cluster
// with the repository shows a difference that nobody made.
func accepted(t *testing.T, doc []byte) *apiserver.Admitted {
	t.Helper()
	p, err := apiserver.Admit(doc)
	if err != nil {
		t.Errorf("the API server refuses this document: %v\n%s", err, doc)
		return nil
	}
	if len(p.Warnings) > 0 {
		t.Errorf("the API server warns of %s/%s: %s", p.Stored.Namespace, p.Stored.Name, strings.Join(p.Warnings, "; "))
	}
	if !reflect.DeepEqual(p.Written, p.Stored) {
		t.Errorf("the API server stores %s/%s otherwise than it is written:\nwritten %+v\nstored  %+v",
			p.Stored.Namespace, p.Stored.Name, p.Written.Spec, p.Stored.Spec)
	}
	return p
}

// valid is a policy that the controls below spoil.
const valid = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: shop.frontend
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: frontend
  policyTypes:
  - Egress
  egress:
  - to:
    - ipBlock:
        cidr: 203.0.113.0/24
        except:
        - 203.0.113.128/25
    ports:
    - protocol: TCP
      port: 8000
      endPort: 8010
`

// The API server must refuse what is wrong, or the tests above say nothing.
func TestAPIServerRefuses(t *testing.T) {
	if _, err := apiserver.Admit([]byte(valid)); err != nil {
		t.Fatalf("the API server refuses the policy that the controls start from: %v", err)
	}
	for _, control := range []struct{ name, old, new, want string }{
		{"unknown field", "  policyTypes:", "  policyType:", "unknown field"},
		{"field given twice", "  policyTypes:\n", "  policyTypes: []\n  policyTypes:\n", "already set"},
		{"unknown policy type", "- Egress", "- Outward", "spec.policyTypes"},
		{"unknown protocol", "protocol: TCP", "protocol: ICMP", "spec.egress[0].ports[0].protocol"},
		{"port beyond 65535", "port: 8000\n      endPort: 8010", "port: 70000", "spec.egress[0].ports[0].port"},
		{"range that ends before it starts", "endPort: 8010", "endPort: 7999", "spec.egress[0].ports[0].endPort"},
		{"prefix beyond 32 bits", "cidr: 203.0.113.0/24", "cidr: 203.0.113.0/33", "ipBlock.cidr"},
		{"exception outside its range", "203.0.113.128/25", "203.0.114.0/25", "ipBlock.except[0]"},
		{"exception as wide as its range", "203.0.113.128/25", "203.0.113.0/24", "ipBlock.except[0]"},
		{"addresses and pods in one peer", "    - ipBlock:", "    - podSelector: {}\n      ipBlock:", "spec.egress[0].to[0]"},
		{"name with a capital", "name: shop.frontend", "name: shop.Frontend", "metadata.name"},
		{"no namespace", "  namespace: shop\n", "", "metadata.namespace"},
		{"label value with a space", "app: frontend", "app: front end", "spec.podSelector"},
		{"another kind", "kind: NetworkPolicy", "kind: Ingress", ""},
	} {
		t.Run(control.name, func(t *testing.T) {
			doc := strings.Replace(valid, control.old, control.new, 1)
			if doc == valid {
				t.Fatalf("the control changes nothing: %q is not in the document", control.old)
			}
			_, err := apiserver.Admit([]byte(doc))
			if err == nil {
				t.Fatalf("the API server accepts\n%s", doc)
			}
			if !strings.Contains(err.Error(), control.want) {
				t.Errorf("refused for another reason: %v, want mention of %s", err, control.want)
			}
		})
	}
}
