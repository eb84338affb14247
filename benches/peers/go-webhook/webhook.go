package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

const maxBody = 7 << 20

// A task holds the fields of a Task that templates may use.
type task struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Type   string `json:"type"`
		Model  string `json:"model"`
		Branch string `json:"branch"`
	} `json:"spec"`
}

// An operation is one step of an RFC 6902 patch; this webhook only ever adds.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

type mutator struct {
	spawners spawners
}

func (m *mutator) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if contentType := request.Header.Get("Content-Type"); contentType != "application/json" {
		http.Error(writer, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, maxBody))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		http.Error(writer, "the body is no AdmissionReview with a request", http.StatusBadRequest)
		return
	}
	answer, err := json.Marshal(admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: m.review(review.Request)})
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	if _, err := writer.Write(answer); err != nil {
		log.Printf("writing an answer: %v", err)
	}
}

// review allows every Task; what can't be done for one becomes a warning.
func (m *mutator) review(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	response := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
	if request.Operation != admissionv1.Create || request.Kind.Group != "kelos.dev" || request.Kind.Kind != "Task" {
		return response
	}
	var task task
	if err := json.Unmarshal(request.Object.Raw, &task); err != nil {
		response.Warnings = []string{fmt.Sprintf("the Task can't be read: %v", err)}
		return response
	}
	owner := m.spawners.owner(request.Namespace, &task.Metadata)
	if owner == nil {
		return response
	}
	operations, warnings := mutate(&task, owner, request.Namespace)
	response.Warnings = warnings
	if len(operations) == 0 {
		return response
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		response.Warnings = append(response.Warnings, err.Error())
		return response
	}
	kind := admissionv1.PatchTypeJSONPatch
	response.Patch, response.PatchType = patch, &kind
	return response
}

// mutate renders what the TaskSpawner asks for and leaves out what is there already or not valid.
func mutate(task *task, owner *spawner, namespace string) ([]operation, []string) {
	values := variables(task, owner, namespace)
	labels, warnings := render(owner.labels, task.Metadata.Labels, values, func(value string) string {
		return strings.Join(validation.IsValidLabelValue(value), "; ")
	})
	annotations, more := render(owner.annotations, task.Metadata.Annotations, values, func(string) string { return "" })
	operations := adding(nil, "/metadata/labels", task.Metadata.Labels, labels)
	warnings = append(warnings, more...)

	all := make(map[string]string, len(task.Metadata.Annotations)+len(annotations))
	for key, value := range task.Metadata.Annotations {
		all[key] = value
	}
	for _, pair := range annotations {
		all[pair.key] = pair.value
	}
	if err := apivalidation.ValidateAnnotationsSize(all); err != nil {
		return operations, append(warnings, fmt.Sprintf("annotations skipped: %v", err))
	}
	return adding(operations, "/metadata/annotations", task.Metadata.Annotations, annotations), warnings
}

// A pair is a key with its rendered value.
type pair struct{ key, value string }

func render(rules []rule, present map[string]string, values map[string]any, problem func(string) string) ([]pair, []string) {
	var rendered []pair
	var warnings []string
	var text bytes.Buffer
	for _, rule := range rules {
		if _, taken := present[rule.key]; taken {
			continue
		}
		text.Reset()
		if err := rule.value.Execute(&text, values); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s skipped: %v", rule.key, err))
			continue
		}
		value := text.String()
		if problem := problem(value); problem != "" {
			warnings = append(warnings, fmt.Sprintf("%s skipped: %s", rule.key, problem))
			continue
		}
		rendered = append(rendered, pair{rule.key, value})
	}
	return rendered, warnings
}

// adding appends the operations that put the pairs into the map at path.
func adding(operations []operation, path string, present map[string]string, pairs []pair) []operation {
	if len(present) == 0 && len(pairs) > 0 {
		fresh := make(map[string]string, len(pairs))
		for _, pair := range pairs {
			fresh[pair.key] = pair.value
		}
		return append(operations, operation{"add", path, fresh})
	}
	for _, pair := range pairs {
		operations = append(operations, operation{"add", path + "/" + pointer.Replace(pair.key), pair.value})
	}
	return operations
}

// pointer escapes a key for a JSON Pointer (RFC 6901).
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// variables gives the templates what is known of the source; a name that is absent fails the key.
func variables(task *task, owner *spawner, namespace string) map[string]any {
	metadata := &task.Metadata
	values := map[string]any{
		"Namespace":   namespace,
		"Annotations": metadata.Annotations,
		"Task": map[string]any{
			"Name": metadata.Name, "Labels": metadata.Labels, "Annotations": metadata.Annotations,
			"Type": task.Spec.Type, "Model": task.Spec.Model, "Branch": task.Spec.Branch,
		},
	}
	page := ""
	switch metadata.Annotations["kelos.dev/source-kind"] {
	case "issue":
		values["Kind"], page = "Issue", "/issues/"
	case "pull-request":
		values["Kind"], page = "PR", "/pull/"
	}
	text := metadata.Annotations["kelos.dev/source-number"]
	if number, err := strconv.Atoi(text); err == nil {
		values["ID"], values["Number"] = text, number
		if owner.repository != "" && page != "" {
			values["URL"] = owner.repository + page + text
		}
	}
	return values
}
