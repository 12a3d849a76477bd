-- By which way a request came: 'email', 'telephone', 'monitoring', 'schedule'.
ALTER TABLE ticket ADD COLUMN channel TEXT NOT NULL DEFAULT 'email';
-- Name of the team that has it, besides or instead of an agent; '' for none.
ALTER TABLE ticket ADD COLUMN team TEXT NOT NULL DEFAULT '';
-- Numbers of the tickets it hangs together with, as JSON: 'parent', 'parts', 'merged_into'.
ALTER TABLE ticket ADD COLUMN ties TEXT NOT NULL DEFAULT '{}';
UPDATE ticket SET ties = '{"parent":"' || (SELECT parent.number FROM ticket AS parent WHERE parent.id = ticket.parent_id) || '"}'
WHERE parent_id > 0 AND merged_into = 0 AND EXISTS (SELECT 1 FROM ticket AS parent WHERE parent.id = ticket.parent_id);
UPDATE ticket SET ties = '{"merged_into":"' || (SELECT living.number FROM ticket AS living WHERE living.id = ticket.merged_into) || '"}'
WHERE merged_into > 0 AND EXISTS (SELECT 1 FROM ticket AS living WHERE living.id = ticket.merged_into);
-- Addresses of agents who hear of its end though they do not have it, as JSON.
ALTER TABLE ticket ADD COLUMN followers TEXT NOT NULL DEFAULT '[]';
-- 1: it is sent at the hour of digests; 0: it was collected near a cap, and is sent soon.
ALTER TABLE digest ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
