package suite

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/calvertyang/opentok-go-sdk/v2/opentok"
)

// Not of this API: projects and the storage of an account. Debug prints.
var excluded = map[string]bool{
	"ChangeProjectStatus": true, "CreateProject": true, "DeleteProject": true, "GetProject": true, "ListProjects": true,
	"RefreshProjectSecret": true, "SetArchiveStorage": true, "DeleteArchiveStorage": true, "Debug": true,
}

func TestEveryPublicMethodIsExercised(t *testing.T) {
	used := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	check(t, err)
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		check(t, err)
		ast.Inspect(tree, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
					used[selector.Sel.Name] = true
				}
			}
			return true
		})
	}
	missing := []string{}
	for _, value := range []any{&opentok.OpenTok{}, &opentok.Session{}, &opentok.Archive{}, &opentok.Broadcast{}} {
		kind := reflect.TypeOf(value)
		for index := 0; index < kind.NumMethod(); index++ {
			name := strings.TrimSuffix(kind.Method(index).Name, "Context") // what the plain method calls
			if !used[name] && !excluded[name] {
				missing = append(missing, kind.String()+"."+name)
			}
		}
	}
	equal(t, missing, []string{})
}
