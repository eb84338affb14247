// Command githubtypes prints the types of go-github that the events of Kelos's webhook server are made of: a line with
// the name of each, then its fields ("FIELD JSON TYPE", and " get" where there is a method of that name which gives
// it), then "!METHOD" for its other methods without arguments.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/google/go-github/v66/github"
)

var events = []any{
	&github.IssuesEvent{}, &github.IssueCommentEvent{}, &github.PullRequestEvent{}, &github.PullRequestReviewEvent{},
	&github.PullRequestReviewCommentEvent{}, &github.PushEvent{}, &github.CreateEvent{}, &github.ReleaseEvent{},
	&github.CheckRunEvent{},
}

func main() {
	found := map[reflect.Type]bool{}
	for _, event := range events {
		collect(reflect.TypeOf(event), found)
	}
	types := make([]reflect.Type, 0, len(found))
	for t := range found {
		types = append(types, t)
	}
	sort.Slice(types, func(i, j int) bool { return types[i].Name() < types[j].Name() })
	for _, t := range types {
		print(t)
	}
}

func collect(t reflect.Type, found map[reflect.Type]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(t.Elem(), found)
	case reflect.Struct:
		if found[t] || t.Name() == "Timestamp" || !strings.HasPrefix(t.String(), "github.") {
			return
		}
		found[t] = true
		for i := range t.NumField() {
			collect(t.Field(i).Type, found)
		}
	}
}

func print(t reflect.Type) {
	fmt.Println(t.Name())
	p := reflect.PointerTo(t)
	getters := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		fmt.Print(f.Name, " ", strings.Split(f.Tag.Get("json"), ",")[0], " ", strings.ReplaceAll(f.Type.String(), "interface {}", "any"))
		if m, ok := p.MethodByName("Get" + f.Name); ok && m.Type.NumIn() == 1 {
			getters[m.Name] = true
			fmt.Print(" get")
		}
		fmt.Println()
	}
	for i := range p.NumMethod() {
		m := p.Method(i)
		if m.Type.NumIn() == 1 && !getters[m.Name] {
			fmt.Println("!" + m.Name)
		}
	}
}
