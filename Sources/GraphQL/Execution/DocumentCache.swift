import Streams

/// Documents that were asked for lately, parsed and validated, by their text.
///
/// Two generations: what is asked for moves to the young one; when that is full it becomes the old one, and what nobody
/// asked for since is forgotten. That is nearly least-recently-used, without a list to keep in order.
final class DocumentCache: Sendable {
    private struct Generations {
        var young: [String: PreparedDocument] = [:]
        var old: [String: PreparedDocument] = [:]
    }

    /// The longest text that is remembered. What clients ask again and again is short; and long texts, of which each
    /// takes many times its length when it is parsed, could fill the memory.
    private static let longest = 8 * 1024

    private let half: Int
    private let generations = Guarded(Generations())

    /// - Parameter capacity: The greatest number of documents; 0: none.
    init(capacity: Int) { half = (capacity + 1) / 2 }

    subscript(query: String) -> PreparedDocument? {
        get {
            guard half > 0, query.utf8.count <= DocumentCache.longest else { return nil }
            return generations.withLock { generations in
                if let document = generations.young[query] { return document }
                guard let document = generations.old[query] else { return nil }
                store(document, query, in: &generations)
                return document
            }
        }
        set {
            guard half > 0, let newValue, query.utf8.count <= DocumentCache.longest else { return }
            generations.withLock { store(newValue, query, in: &$0) }
        }
    }

    private func store(_ document: PreparedDocument, _ query: String, in generations: inout Generations) {
        if generations.young.count >= half {
            generations.old = generations.young
            generations.young.removeAll(keepingCapacity: true)
        }
        generations.young[query] = document
    }
}
