/// What a client asks for, whatever way it came.
package struct GraphQLRequest: Sendable, Equatable {
    package var query: String
    package var operationName: String?
    package var variables: JSONObject
    package var extensions: JSONObject

    package init(
        _ query: String, operationName: String? = nil, variables: JSONObject = [:], extensions: JSONObject = [:]
    ) {
        self.query = query
        self.operationName = operationName
        self.variables = variables
        self.extensions = extensions
    }
}
