import FoundationEssentials
import GraphQL
import Streams
import TDRCore

/// Which page of files is asked for.
enum FilePage {
    /// A limit that may be asked for.
    static func limit(_ limit: Int, _ largest: Int) throws -> Int {
        guard (1...largest).contains(limit) else {
            throw FieldError.input("limit is \(limit); it may be 1 to \(largest)")
        }
        return limit
    }

    /// Items that so many pages have.
    static func offset(_ page: Int?, _ limit: Int) throws -> Int {
        guard let page else { return 0 }
        guard (0...1_000_000).contains(page) else { throw FieldError.input("currentPage is \(page); it begins with 0") }
        return page * limit
    }

    static func selection(_ filters: JSONObject?) throws -> FilePageSelection {
        var selection = FilePageSelection()
        guard let filters else { return selection }
        if let type = filters["fileTypeIdentifier"]?.string {
            guard let type = FileType(rawValue: type) else {
                throw FieldError.input("fileTypeIdentifier is File or Folder, not '\(type.prefix(60))'")
            }
            selection.type = type
        }
        selection.withProblems = filters["withProblems"]?.bool ?? false
        selection.parent = filters["parentId"]?.string.flatMap { RecordID($0) }
        let ids = filters["selectedFileIds"]?.list?.compactMap(\.string).compactMap { RecordID($0) } ?? []
        guard ids.count <= FileTypes.largestPage else {
            throw FieldError.input("\(ids.count) selectedFileIds; at most \(FileTypes.largestPage)")
        }
        selection.ids = ids
        selection.properties = (filters["metadataFilters"]?.object?["properties"]?.list?.compactMap(\.string)).map(
            Set.init)
        return selection
    }

    /// The pages of the files of these consignments.
    static func connections(
        of consignments: [ConsignmentFacts], _ page: FilesPage, in archive: Archive
    ) throws -> [Connection<FileNode>] {
        let pages = try archive.store.files(of: consignments.map(\.consignment), page)
        return zip(consignments, pages).map { facts, found in
            Connection(
                edges: found.items.map { file in
                    .init(
                        node: FileNode(facts: facts, file: file, properties: page.selection.properties),
                        cursor: Base64URL.encode(file.path.bytes))
                }, hasNextPage: found.hasNext, hasPreviousPage: page.after != nil || page.offset > 0,
                totalItems: found.total, limit: page.limit)
        }
    }
}

extension FilesPage {
    /// As the input says; the first page of all files where there is none.
    init(_ input: JSONObject?) throws {
        self.init(limit: try FilePage.limit(input?["limit"]?.int ?? FileTypes.pageLimit, FileTypes.largestPage))
        selection = try FilePage.selection(input?["fileFilters"]?.object)
        after = try input?["currentCursor"]?.string.map { cursor in
            // The path itself: it says the place even when the file is gone.
            guard let path = Base64URL.decode(cursor), !path.isEmpty else {
                throw FieldError.input("'\(cursor.prefix(60))' is no cursor of this list")
            }
            return path
        }
        offset = try FilePage.offset(input?["currentPage"]?.int, limit)
    }
}
