package lint

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"github.com/k8slab/k8slab/internal/checks/symbols"
)

// importer gives the type checker the packages that scripts may import, made
// from the tables that the interpreter gets: so a script is checked against
// exactly what it will have, on machines without Go.
//
// The types behind the Kubernetes API are thousands. Only the fields and methods
// are made whose names occur in the script, and the methods of interfaces.
type importer struct {
	wanted   map[string]bool // names that occur in the script
	methods  map[string]bool // names of methods of the interfaces that were met
	packages map[string]*types.Package
	named    map[reflect.Type]*types.Named
}

func newImporter(wanted, methods map[string]bool) *importer {
	return &importer{wanted: wanted, methods: methods, packages: map[string]*types.Package{}, named: map[reflect.Type]*types.Named{}}
}

// Import implements types.Importer.
func (im *importer) Import(path string) (*types.Package, error) {
	for _, p := range symbols.Packages() {
		if p.Path == path {
			return im.fill(p), nil
		}
	}
	return nil, fmt.Errorf("package %s is not for check scripts; they may import %s", path, strings.Join(symbols.Paths(), ", "))
}

func (im *importer) fill(p symbols.Package) *types.Package {
	pkg := im.pkg(p.Path)
	if pkg.Complete() {
		return pkg
	}
	pkg.MarkComplete()
	for name, v := range p.Table() {
		if im.wanted[name] && !strings.HasPrefix(name, "_") {
			pkg.Scope().Insert(im.object(pkg, name, v))
		}
	}
	return pkg
}

func (im *importer) pkg(path string) *types.Package {
	if im.packages[path] == nil {
		name := path[strings.LastIndex(path, "/")+1:]
		im.packages[path] = types.NewPackage(path, name)
	}
	return im.packages[path]
}

var constantValue = reflect.TypeFor[constant.Value]()

// object returns what a name of a package is.
func (im *importer) object(pkg *types.Package, name string, v reflect.Value) types.Object {
	t := v.Type()
	switch {
	case v.CanAddr():
		return types.NewVar(token.NoPos, pkg, name, im.typ(t))
	case t.Kind() == reflect.Pointer && v.IsNil():
		return im.typeName(pkg, name, t.Elem())
	case t.Implements(constantValue):
		c := v.Interface().(constant.Value)
		return types.NewConst(token.NoPos, pkg, name, untyped(c), c)
	case t.Kind() == reflect.Func:
		return types.NewFunc(token.NoPos, pkg, name, im.signature(t, nil, 0))
	default:
		return types.NewConst(token.NoPos, pkg, name, im.typ(t), constantOf(v))
	}
}

// typeName returns the name of a type. Its object is made with the type, unless
// the name is an alias.
func (im *importer) typeName(pkg *types.Package, name string, t reflect.Type) types.Object {
	typ := im.typ(t)
	if n, ok := typ.(*types.Named); ok && n.Obj().Pkg() == pkg && n.Obj().Name() == name {
		return n.Obj()
	}
	return types.NewTypeName(token.NoPos, pkg, name, typ)
}

func untyped(c constant.Value) types.Type {
	switch c.Kind() {
	case constant.Bool:
		return types.Typ[types.UntypedBool]
	case constant.String:
		return types.Typ[types.UntypedString]
	case constant.Int:
		return types.Typ[types.UntypedInt]
	default:
		return types.Typ[types.UntypedFloat]
	}
}

func constantOf(v reflect.Value) constant.Value {
	switch {
	case v.CanInt():
		return constant.MakeInt64(v.Int())
	case v.CanUint():
		return constant.MakeUint64(v.Uint())
	case v.CanFloat():
		return constant.MakeFloat64(v.Float())
	case v.Kind() == reflect.Bool:
		return constant.MakeBool(v.Bool())
	default:
		return constant.MakeString(v.String())
	}
}

// typ returns the type of a reflected type.
func (im *importer) typ(t reflect.Type) types.Type {
	switch {
	case t.Name() == "":
		return im.structure(t)
	case t.PkgPath() == "": // predeclared
		return types.Universe.Lookup(t.Name()).Type()
	case im.named[t] != nil:
		return im.named[t]
	}
	pkg := im.pkg(t.PkgPath())
	n := types.NewNamed(types.NewTypeName(token.NoPos, pkg, t.Name(), nil), nil, nil)
	im.named[t] = n // before what it is made of, which may refer to it
	n.SetUnderlying(im.structure(t).Underlying())
	if t.Kind() != reflect.Interface {
		im.addMethods(n, t)
	}
	return n
}

// structure returns a type as it is without its name.
func (im *importer) structure(t reflect.Type) types.Type {
	switch t.Kind() {
	case reflect.Pointer:
		return types.NewPointer(im.typ(t.Elem()))
	case reflect.Slice:
		return types.NewSlice(im.typ(t.Elem()))
	case reflect.Array:
		return types.NewArray(im.typ(t.Elem()), int64(t.Len()))
	case reflect.Map:
		return types.NewMap(im.typ(t.Key()), im.typ(t.Elem()))
	case reflect.Chan:
		return types.NewChan(types.SendRecv, im.typ(t.Elem()))
	case reflect.Func:
		return im.signature(t, nil, 0)
	case reflect.Struct:
		return im.fields(t)
	case reflect.Interface:
		return im.methodSet(t)
	case reflect.UnsafePointer:
		return types.Typ[types.UnsafePointer]
	default:
		return types.Universe.Lookup(t.Kind().String()).Type()
	}
}

// fields makes a struct of the fields that the script names. Embedded ones are
// always there, because what they promote may be named.
func (im *importer) fields(t reflect.Type) types.Type {
	var fields []*types.Var
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() && (f.Anonymous || im.wanted[f.Name]) {
			fields = append(fields, types.NewField(token.NoPos, im.pkg(t.PkgPath()), f.Name, im.typ(f.Type), f.Anonymous))
		}
	}
	if !t.Comparable() {
		// Stands for the fields that are left out.
		f := types.NewSignatureType(nil, nil, nil, nil, nil, false)
		fields = append(fields, types.NewField(token.NoPos, im.pkg(t.PkgPath()), "_", f, false))
	}
	return types.NewStruct(fields, nil)
}

// methodSet makes an interface, with all its methods because they decide what
// can be assigned to it.
func (im *importer) methodSet(t reflect.Type) types.Type {
	var methods []*types.Func
	for i := range t.NumMethod() {
		m := t.Method(i)
		im.methods[m.Name] = true
		methods = append(methods, types.NewFunc(token.NoPos, im.pkg(t.PkgPath()), m.Name, im.signature(m.Type, nil, 0)))
	}
	return types.NewInterfaceType(methods, nil).Complete()
}

func (im *importer) addMethods(n *types.Named, t reflect.Type) {
	pointer := reflect.PointerTo(t)
	for i := range pointer.NumMethod() {
		m := pointer.Method(i)
		if !im.wanted[m.Name] && !im.methods[m.Name] {
			continue
		}
		receiver := types.Type(types.NewPointer(n))
		if _, ok := t.MethodByName(m.Name); ok {
			receiver = n
		}
		recv := types.NewVar(token.NoPos, n.Obj().Pkg(), "", receiver)
		n.AddMethod(types.NewFunc(token.NoPos, n.Obj().Pkg(), m.Name, im.signature(m.Type, recv, 1)))
	}
}

// signature makes the type of a function whose first skip parameters are left
// out.
func (im *importer) signature(t reflect.Type, recv *types.Var, skip int) *types.Signature {
	var params, results []*types.Var
	for i := skip; i < t.NumIn(); i++ {
		params = append(params, types.NewVar(token.NoPos, nil, "", im.typ(t.In(i))))
	}
	for i := range t.NumOut() {
		results = append(results, types.NewVar(token.NoPos, nil, "", im.typ(t.Out(i))))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(params...), types.NewTuple(results...), t.IsVariadic())
}
