package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

const (
	labelsCarrier      = "metadata.kelos.dev/labels"
	annotationsCarrier = "metadata.kelos.dev/annotations"
	spawnerLabel       = "kelos.dev/taskspawner"
)

// A rule is one key that a TaskSpawner asks for.
type rule struct {
	key   string
	value *template.Template
}

// A spawner is what a request needs of one TaskSpawner, made once at start.
type spawner struct {
	uid         types.UID
	repository  string // https://host/owner/name, empty if not known
	labels      []rule
	annotations []rule
}

type spawners map[types.NamespacedName]*spawner

// loadSpawners reads a List of TaskSpawners and Workspaces and parses all templates.
func loadSpawners(path string) (spawners, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--manifest: %w", err)
	}
	var list unstructured.UnstructuredList
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("--manifest %s: %w", path, err)
	}
	repositories := map[types.NamespacedName]string{}
	for _, item := range list.Items {
		if item.GetKind() == "Workspace" {
			repository, _, _ := unstructured.NestedString(item.Object, "spec", "repo")
			repositories[nameOf(&item)] = strings.TrimSuffix(repository, ".git")
		}
	}
	found := spawners{}
	for _, item := range list.Items {
		if item.GetKind() != "TaskSpawner" {
			continue
		}
		made, err := compile(&item, repositories)
		if err != nil {
			return nil, fmt.Errorf("TaskSpawner %s: %w", nameOf(&item), err)
		}
		found[nameOf(&item)] = made
	}
	return found, nil
}

func compile(item *unstructured.Unstructured, repositories map[types.NamespacedName]string) (*spawner, error) {
	workspace, _, _ := unstructured.NestedString(item.Object, "spec", "taskTemplate", "workspaceRef", "name")
	made := &spawner{
		uid:        item.GetUID(),
		repository: repositories[types.NamespacedName{Namespace: item.GetNamespace(), Name: workspace}],
	}
	var err error
	if made.labels, err = compileCarrier(item, labelsCarrier); err != nil {
		return nil, err
	}
	made.annotations, err = compileCarrier(item, annotationsCarrier)
	return made, err
}

func compileCarrier(item *unstructured.Unstructured, carrier string) ([]rule, error) {
	sources := map[string]string{}
	if err := yaml.Unmarshal([]byte(item.GetAnnotations()[carrier]), &sources); err != nil {
		return nil, fmt.Errorf("%s: %w", carrier, err)
	}
	rules := make([]rule, 0, len(sources))
	for key, source := range sources {
		if problems := validation.IsQualifiedName(strings.ToLower(key)); len(problems) > 0 {
			return nil, fmt.Errorf("%s: key %q: %s", carrier, key, strings.Join(problems, "; "))
		}
		parsed, err := template.New(key).Option("missingkey=error").Parse(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", carrier, err)
		}
		rules = append(rules, rule{key: key, value: parsed})
	}
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.key, b.key) })
	return rules, nil
}

// owner finds the TaskSpawner of a Task as Kelos does: the controller alone, else the label.
func (s spawners) owner(namespace string, task *metav1.ObjectMeta) *spawner {
	if controller := metav1.GetControllerOfNoCopy(task); controller != nil {
		if controller.Kind != "TaskSpawner" || !strings.HasPrefix(controller.APIVersion, "kelos.dev/") {
			return nil
		}
		found := s[types.NamespacedName{Namespace: namespace, Name: controller.Name}]
		if found == nil || found.uid != controller.UID {
			return nil
		}
		return found
	}
	return s[types.NamespacedName{Namespace: namespace, Name: task.Labels[spawnerLabel]}]
}

func nameOf(item *unstructured.Unstructured) types.NamespacedName {
	return types.NamespacedName{Namespace: item.GetNamespace(), Name: item.GetName()}
}
