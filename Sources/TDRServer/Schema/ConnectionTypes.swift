import GraphQL

/// A part of a list with what is needed to ask for the next one.
struct Connection<Node: Sendable>: Sendable {
    struct Edge: Sendable {
        let node: Node
        let cursor: String
    }

    let edges: [Edge]
    let hasNextPage: Bool
    let hasPreviousPage: Bool
    let totalItems: Int
    /// Items of a page, as asked for.
    let limit: Int

    var totalPages: Int { totalItems == 0 ? 0 : (totalItems - 1) / limit + 1 }

    var pageInfo: PageInfo {
        PageInfo(
            hasNextPage: hasNextPage, hasPreviousPage: hasPreviousPage, startCursor: edges.first?.cursor,
            endCursor: edges.last?.cursor)
    }
}

/// What a connection says of its page.
struct PageInfo: Sendable {
    let hasNextPage: Bool
    let hasPreviousPage: Bool
    let startCursor: String?
    let endCursor: String?

    static let type = TypeDefinition.object(
        ObjectType("PageInfo", of: PageInfo.self, "Where a page lies in its list.") { fields in
            fields.field("hasNextPage", "Boolean!", "Whether there is at least one more item.") { $0.hasNextPage }
            fields.field("hasPreviousPage", "Boolean!", "Whether the page does not begin with the first item.") {
                $0.hasPreviousPage
            }
            fields.field("startCursor", "String", "The cursor of the first item.") { $0.startCursor }
            fields.field("endCursor", "String", "The cursor of the last item: give it to get the next page.") {
                $0.endCursor
            }
        })
}

extension Connection {
    /// The types `NameConnection` and `NameEdge`.
    static func types(_ name: String) -> [TypeDefinition] {
        [
            .object(
                ObjectType("\(name)Edge", of: Edge.self, "An item with its place in the list.") { fields in
                    fields.field("node", TypeReference("\(name)!"), "The item.") { Resolved.object($0.node) }
                    fields.field("cursor", "String!", "Its place; means nothing but that.") { $0.cursor }
                }),
            .object(
                ObjectType("\(name)Connection", of: Connection<Node>.self, "A page of a list.") { fields in
                    fields.field("edges", TypeReference("[\(name)Edge!]!"), "The items of the page.") {
                        Resolved.objects($0.edges)
                    }
                    fields.field("pageInfo", "PageInfo!", "Where the page lies.") { Resolved.object($0.pageInfo) }
                    fields.field("totalPages", "Int!", "Pages of this size in all.") { $0.totalPages }
                    fields.field("totalItems", "Int!", "Items in all.") { $0.totalItems }
                }),
        ]
    }
}
