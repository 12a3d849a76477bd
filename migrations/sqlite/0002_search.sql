-- Full-text search over articles. The words are folded already, so nothing is to be done about accents.
CREATE VIRTUAL TABLE article_search USING fts5 (words, content = 'article', content_rowid = 'id');
CREATE TRIGGER article_search_add AFTER INSERT ON article BEGIN
    INSERT INTO article_search (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER article_search_change AFTER UPDATE OF words ON article BEGIN
    INSERT INTO article_search (article_search, rowid, words) VALUES ('delete', old.id, old.words);
    INSERT INTO article_search (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER article_search_drop AFTER DELETE ON article BEGIN
    INSERT INTO article_search (article_search, rowid, words) VALUES ('delete', old.id, old.words);
END;
