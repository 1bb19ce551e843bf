// Package geo has the geometry of ReQL: it reads points, lines and polygons from values, relates and measures them, and
// covers them with the cells by which a geospatial index finds them.
//
// Shapes are on a sphere and their edges are great circles, as in the library S2; only distances are those of an
// ellipsoid. The package knows values but deliberately nothing of terms, queries, tables or indexes. All errors that it
// returns are *datum.Error.
package geo
