/// What was selected in a field, for resolvers that fetch no more than is asked for.
package struct SelectedFields: Sendable {
}
