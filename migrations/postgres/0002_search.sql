-- Full-text search over articles. The words are folded already, so nothing is to be done about accents.
CREATE INDEX article_search ON article USING gin (to_tsvector('simple', words));
